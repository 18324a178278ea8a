import { createHash } from 'node:crypto'
import { Audience, ClaimId, KeyId, TokenId } from '@forkproof/contracts/ids'
import { subjectCharsMax } from '@forkproof/contracts/token-subject'
import { z } from 'zod'

const Sha256Digest = z.string().regex(/^[0-9a-f]{64}$/)

/** One issued token, without the token itself (docs/glossary.md: issuance). */
export const Issuance = z.strictObject({
  tokenId: TokenId,
  claimId: ClaimId,
  sub: z.string().max(subjectCharsMax),
  aud: Audience,
  kid: KeyId,
  /** Seconds since the epoch, as in the token. */
  iat: z.int(),
  exp: z.int(),
  attestationSha256: Sha256Digest,
  /** Of the exact payload that is signed. */
  claimsSha256: Sha256Digest,
})
export type Issuance = z.infer<typeof Issuance>

/** `seq`: the message's sequence in the stream. `prev`: the `hash` of the entry before, zeros for the first. */
export const IssuanceEntry = z.strictObject({
  ...Issuance.shape,
  v: z.literal(1),
  seq: z.int().positive(),
  prev: Sha256Digest,
  hash: Sha256Digest,
})
export type IssuanceEntry = z.infer<typeof IssuanceEntry>

export const firstPrev = '0'.repeat(64)
const entryBytesMax = 4_096

/** Chains an issuance to the entry before it. */
export function chain(issuance: Issuance, seq: number, prev: string): IssuanceEntry {
  const unhashed = { ...issuance, v: 1, seq, prev } as const
  return { ...unhashed, hash: hashOf(unhashed) }
}

/** SHA-256 over the 32 bytes of `prev`, then the canonical JSON of everything but `prev` and `hash`. */
function hashOf({ prev, ...rest }: Omit<IssuanceEntry, 'hash'>): string {
  return createHash('sha256').update(Buffer.from(prev, 'hex')).update(canonical(rest)).digest('hex')
}

export const entryText = (entry: IssuanceEntry): string => canonical(entry)

/**
 * Reads one stored message strictly: it must be the canonical text of an entry with the right hash.
 * @throws Error saying what is wrong with it
 */
export function readEntry(text: string): IssuanceEntry {
  if (text.length > entryBytesMax) throw new Error('the entry is too large')
  const parsed = IssuanceEntry.safeParse(parseJson(text))
  if (!parsed.success) throw new Error('the entry is not of the expected form')
  const { hash, ...rest } = parsed.data
  if (entryText(parsed.data) !== text) throw new Error('the entry is not in canonical form')
  if (hashOf(rest) !== hash) throw new Error('the hash of the entry is wrong')
  return parsed.data
}

/** RFC 8785 for what occurs here: one flat object of strings and safe integers. */
const canonical = (flat: Record<string, string | number>): string => JSON.stringify(flat, Object.keys(flat).sort())

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
