import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '@forkproof/contracts/errors'
import type { Secret } from '@forkproof/infra/secret'

/** A body whose signature was checked. Only `receiveSigned` makes one, and `isSigned` recognizes it. */
export interface SignedDelivery {
  readonly body: Buffer
  /** The same for the same body, whatever its headers say: they are not signed. */
  readonly bodyKey: string
}

const made = new WeakSet<object>()
export const isSigned = (value: unknown): value is SignedDelivery =>
  typeof value === 'object' && value !== null && made.has(value)

interface SignedBody {
  readonly bytes: AsyncIterable<Buffer>
  readonly bytesMax: number
  /** 64 hexadecimal digits, of `X-Hub-Signature-256`. */
  readonly signature: string
}

const signatureForm = /^sha256=([0-9a-f]{64})$/

/** What can be said before a body is read. @throws AppError webhook_not_signed */
export function signatureOf(header: string | readonly string[] | undefined): string {
  const found = typeof header === 'string' ? signatureForm.exec(header)?.[1] : undefined
  if (found === undefined) throw new AppError('webhook_not_signed')
  return found
}

/**
 * Receives a body and checks that GitHub signed it: HMAC-SHA-256 over the bytes as they came, with one of the secrets
 * (docs/facts/github.md#webhooks). The digests are made while the bytes arrive, and compared in constant time.
 * `@octokit/webhooks-methods` does the same for a body that is complete and text; a body of strangers is neither, so
 * this is Node's own HMAC.
 * docs/glossary.md: webhook.
 * @throws AppError webhook_not_signed or body_too_large
 */
export async function receiveSigned(
  { bytes, bytesMax, signature }: SignedBody,
  secrets: Secret<readonly string[]>,
): Promise<SignedDelivery> {
  const claimed = Buffer.from(signature, 'hex')
  const macs = secrets.reveal().map(secret => createHmac('sha256', secret))
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of bytes) {
    length += chunk.length
    if (length > bytesMax) throw new AppError('body_too_large')
    chunks.push(chunk)
    for (const mac of macs) mac.update(chunk)
  }
  const digests = macs.map(mac => mac.digest())
  // All are compared, so that the time does not tell which secret fits.
  const fits = digests.map(digest => timingSafeEqual(digest, claimed)).includes(true)
  if (!fits) throw new AppError('webhook_not_signed')
  const signed = { body: Buffer.concat(chunks, length), bodyKey: digests[0]?.toString('base64url') ?? '' }
  made.add(signed)
  return signed
}
