import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec, ClaimVerdict } from '@forkproof/contracts/claim-spec'
import type { ClaimId } from '@forkproof/contracts/ids'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

/** All that a caller may know of the workflow `claim`: names, ids, signals. */
export const claimWorkflow = 'claim'
export const claimTaskQueue = 'claims'
export const claimWorkflowId = (claimId: ClaimId): string => `claim-${claimId}`

/** Run by the gateway's start; the result is the verdict. A refusal is an outcome, not a failure. */
export type ClaimWorkflow = (spec: ClaimSpec) => Promise<ClaimVerdict>

/** Sent by the verifier's activity once the code was seen and every fact checked again. The first one counts. */
export const proofSeenSignal = 'proofSeen'
export interface ProofSeen {
  readonly attestation: string
  readonly channel: Channel
  readonly repositoryId: string
  readonly pullRequest?: string
}

/** Plain text in the Temporal UI; ids and codes only, never secrets. */
export const claimSearchAttributes = {
  repository: defineSearchAttributeKey('ForkproofRepo', SearchAttributeType.KEYWORD),
  runId: defineSearchAttributeKey('ForkproofRunId', SearchAttributeType.KEYWORD),
  pullRequest: defineSearchAttributeKey('ForkproofPr', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('ForkproofState', SearchAttributeType.KEYWORD),
  reason: defineSearchAttributeKey('ForkproofReason', SearchAttributeType.KEYWORD),
} as const
