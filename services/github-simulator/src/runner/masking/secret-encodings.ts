/**
 * Forms in which a secret may turn up in a log. GitHub's runner masks the same kinds: as it is, base64 at each of three
 * alignments, and escaped for JSON, URI, XML and shells (docs/facts/github.md#masks-and-outputs).
 */
const encodedCharsMin = 4

/** All distinct texts to look for, given one secret. The secret itself is the first. */
export function encodingsOf(secret: string): string[] {
  const encodings = [...escapes(secret), ...base64Forms(secret)].filter(form => form.length >= encodedCharsMin)
  return [...new Set([secret, ...encodings])]
}

function escapes(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const uri = encodeURIComponent(secret.toWellFormed())
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const strictUri = uri.replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  const xml = secret.replace(/[&<>"']/g, character => xmlEntities[character] ?? character)
  const unquoted = secret.replace(/^"|"$/g, '')
  const commandData = secret.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  return [json, uri, strictUri, form, xml, unquoted, commandData]
}

const xmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** The unpadded forms have whole groups only, so that they are found within a longer encoding, at any alignment. */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].flatMap(shift => {
    const rest = bytes.subarray(shift)
    const whole = rest.subarray(0, rest.length - (rest.length % 3))
    return [rest.toString('base64'), rest.toString('base64url'), whole.toString('base64'), whole.toString('base64url')]
  })
}
