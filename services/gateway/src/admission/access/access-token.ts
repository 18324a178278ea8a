import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AccessToken } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const prefix = 'fpa_'
/** 40 characters of base62 are 238 bits. */
const randomChars = 40
const checksumChars = 6

export function newAccessToken(): Secret<AccessToken> {
  const random = Array.from({ length: randomChars }, () => alphabet[randomInt(alphabet.length)]).join('')
  return new Secret(AccessToken.parse(prefix + random + checksumOf(prefix + random)))
}

/**
 * The token, when its form and its checksum are right. A token that was never issued is recognised without a
 * look-up, and a scanner can tell a leaked token from a look-alike without asking a server.
 */
export function asAccessToken(presented: Secret<string>): Secret<AccessToken> | undefined {
  const parsed = AccessToken.safeParse(presented.reveal())
  if (!parsed.success) return undefined
  const body = parsed.data.slice(0, -checksumChars)
  return parsed.data === body + checksumOf(body) ? new Secret(parsed.data) : undefined
}

/** CRC-32 in base62, most significant digit first, padded to 6 characters (62^6 > 2^32). */
function checksumOf(text: string): string {
  let rest = crc32(text)
  let digits = ''
  while (digits.length < checksumChars) {
    digits = (alphabet[rest % alphabet.length] ?? '') + digits
    rest = Math.floor(rest / alphabet.length)
  }
  return digits
}
