import { AppError } from '@forkproof/contracts/errors'

/** More than RFC 8693 defines. */
const parametersMax = 30

/**
 * The parameters of a form, strictly: percent-encoded UTF-8, and no parameter twice (RFC 6749 section 3.2),
 * because another reader might take the other one. One without a value counts as absent (there too). @throws
 * AppError invalid_request
 */
export function parseForm(body: string): Record<string, string> {
  const parameters = new Map<string, string>()
  const pairs = body === '' ? [] : body.split('&')
  if (pairs.length > parametersMax) throw malformed('too many parameters')
  const names = new Set<string>()
  for (const pair of pairs) {
    const [name, value] = splitAt(pair, '=').map(decode)
    if (name === undefined || value === undefined) throw malformed('the body is not form-urlencoded')
    if (names.has(name)) throw malformed('a parameter is given twice')
    names.add(name)
    if (value !== '') parameters.set(name, value)
  }
  return Object.fromEntries(parameters)
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function decode(text: string): string | undefined {
  // What a form leaves unencoded is ASCII; anything else was not encoded by one.
  if (!/^[!-~]*$/.test(text)) return undefined
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

const malformed = (detail: string): AppError => new AppError('invalid_request', { detail })
