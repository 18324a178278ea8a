import { z } from 'zod'
import { Channel } from './channels.ts'
import { Audience, ClaimId, DecimalId } from './ids.ts'
import { strict } from './strict.ts'

const text = z.string().max(1_024)

const Repository = z.object({ id: DecimalId, name: text, ownerId: DecimalId, owner: text })
const Account = z.object({ id: DecimalId, login: text })

/**
 * What GitHub says of the run. Text that an attacker can write (branch, workflow name) is carried and never
 * interpreted.
 * docs/glossary.md: run facts.
 */
export const RunFacts = z.object({
  repository: Repository,
  headRepository: Repository,
  run: z.object({
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
  /**
   * As it was at `readAt`, which is not the run's time: GitHub lets a pull request be closed or get another base while
   * its run goes on. The base is there only while it is the one that the run was made for, and base and
   * association only while the pull request is open.
   */
  pullRequest: z
    .object({
      number: DecimalId,
      baseRef: text.optional(),
      baseSha: text.optional(),
      author: Account,
      authorAssociation: text.optional(),
      /** Absent in what an older release wrote; then it was open. */
      state: z.enum(['open', 'closed']).optional(),
      /** Seconds since the epoch. */
      readAt: z.int().optional(),
    })
    .optional(),
  /** Only where the channel proves which job it was. */
  job: z.object({ id: DecimalId }).optional(),
})
export type RunFacts = z.infer<typeof RunFacts>

/**
 * The verifier's signed statement (payload of a JWS, EdDSA). `claimId` is the thumbprint of the key the token is sealed
 * to. Strict for its reader too: the signer vouches for all that is stated or for nothing. So signers are upgraded
 * before verifiers.
 * docs/glossary.md: attestation.
 */
export const Attestation = strict(
  z.object({
    claimId: ClaimId,
    audience: Audience,
    facts: RunFacts,
    channel: Channel,
    seenAt: z.int(),
    exp: z.int(),
  }),
)
export type Attestation = z.infer<typeof Attestation>

/** `typ` of the JWS, so that no other thing signed with the key can pass for one (RFC 8725 section 3.11). */
export const attestationType = 'forkproof-attestation+jwt'
