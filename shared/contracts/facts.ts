import { z } from 'zod'
import { Channel } from './channels.ts'
import { Audience, ClaimId, DecimalId } from './ids.ts'

const text = z.string().max(1_024)

const Repository = z.strictObject({ id: DecimalId, name: text, ownerId: DecimalId, owner: text })
const Account = z.strictObject({ id: DecimalId, login: text })

/** What GitHub says of the run. Attacker-written text (branch, workflow name) is carried, never interpreted. */
export const RunFacts = z.strictObject({
  repository: Repository,
  headRepository: Repository,
  run: z.strictObject({
    id: DecimalId,
    number: DecimalId,
    attempt: DecimalId,
    workflowName: text,
    workflowPath: text,
    headSha: z.string().regex(/^[0-9a-f]{40,64}$/),
    headRef: text,
  }),
  actor: Account,
  triggeringActor: Account,
  pullRequest: z
    .strictObject({ number: DecimalId, baseRef: text, baseSha: text, author: Account, authorAssociation: text })
    .optional(),
  /** Only where the channel proves which job it was. */
  job: z.strictObject({ id: DecimalId }).optional(),
})
export type RunFacts = z.infer<typeof RunFacts>

/** The verifier's signed statement (payload of a JWS, EdDSA). `claimId` is the thumbprint of the key the token is sealed to. */
export const Attestation = z.strictObject({
  claimId: ClaimId,
  audience: Audience,
  facts: RunFacts,
  channel: Channel,
  seenAt: z.int(),
  exp: z.int(),
})
export type Attestation = z.infer<typeof Attestation>

/** `typ` of the JWS, so that no other thing signed with the key can pass for one (RFC 8725 section 3.11). */
export const attestationType = 'forkproof-attestation+jwt'
