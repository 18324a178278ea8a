import type { FetchDocument } from './fetch-key-set.ts'

const documentTimeoutMs = 5_000
/** A JWKS of three keys with certificate chains has some 10 kB. */
const bodyBytesMax = 65_536

/** A redirect is refused: it would lead away from the origin that was checked. */
export const fetchDocument: FetchDocument = async url => {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(documentTimeoutMs),
    headers: { accept: 'application/json' },
  })
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw new Error(`status ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > bodyBytesMax) throw new Error(`the document has more than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  const body = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  return { body, cacheControl: response.headers.get('cache-control') ?? undefined }
}
