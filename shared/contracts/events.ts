import { z } from 'zod'
import { Channel } from './claim.ts'
import { refusalReasons } from './errors.ts'
import { ClaimId } from './ids.ts'

/** CloudEvents 1.0, JSON format. `id` is also the NATS message id: consumers and the stream drop doubles by it. */
const envelope = {
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(200),
  source: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  traceparent: z.string().optional(),
}

export const ClaimProvenEvent = z.strictObject({
  ...envelope,
  type: z.literal('forkproof.claim.proven.v1'),
  subject: ClaimId,
  data: z.strictObject({
    repository: z.string(),
    repositoryId: z.string(),
    runId: z.string(),
    pullRequest: z.string().optional(),
    channel: Channel,
    tokenId: z.string(),
    audience: z.string(),
  }),
})
export const ClaimRefusedEvent = z.strictObject({
  ...envelope,
  type: z.literal('forkproof.claim.refused.v1'),
  subject: ClaimId,
  data: z.strictObject({ repository: z.string(), runId: z.string(), reason: z.enum(refusalReasons) }),
})
export const ForkproofEvent = z.discriminatedUnion('type', [ClaimProvenEvent, ClaimRefusedEvent])
export type ForkproofEvent = z.infer<typeof ForkproofEvent>

/** The bus's names. One place, because permissions, streams and code must agree on them. */
export const subjects = {
  /** Core NATS, at most once: a hint that looking now is worthwhile. Losing one costs at most a poll interval. */
  nudge: (claimId: ClaimId, kind: NudgeKind) => `nudge.${kind}.${claimId}`,
  nudges: 'nudge.>',
  claimEvents: 'forkproof.claim.>',
  issuance: 'forkproof.issuance.token',
} as const
/** `shown`: the claimant says that the code is out. `asked`: somebody waits for the token. */
export type NudgeKind = 'shown' | 'asked'

export const streams = { claims: 'CLAIMS', issuance: 'ISSUANCE' } as const
export const buckets = { jwks: 'jwks', minted: 'minted', signingKeys: 'signing-keys' } as const
