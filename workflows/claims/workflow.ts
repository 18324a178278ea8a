import type { ClaimSpec, ClaimVerdict } from '@forkproof/contracts/claim-spec'
import type { ForkproofEvent } from '@forkproof/contracts/events'
import * as workflow from '@temporalio/workflow'
import { githubTaskQueue, signingTaskQueue } from '../task-queues.ts'
import { claimSearchAttributes, type ProofSeen, proofSeenSignal } from './api.ts'
import type { EventActivities, GithubActivities, MintOutcome, SigningActivities, WatchOutcome } from './ports.ts'

const proofSeen = workflow.defineSignal<[ProofSeen]>(proofSeenSignal)

/** A verifier that dies is noticed after this long without a heartbeat, and another one takes over. */
const heartbeatTimeoutMs = 5_000
/** Beyond the claim's own end, for the last reading and the answer. */
const watchSlackMs = 10_000
const mintTimeMsMax = 60_000

/**
 * One claim from start to verdict. Expected outcomes are values; only activities have effects outside. The mint starts
 * on the signal, not on the activity's end; the activity is awaited all the same, because a workflow that closes first
 * fails its last task.
 *
 * Few promises on purpose: Temporal records a stack trace for each that workflow code makes, which is most of what a
 * claim costs a worker.
 */
export async function claim(spec: ClaimSpec): Promise<ClaimVerdict> {
  let proof: ProofSeen | undefined
  let watched: WatchOutcome | undefined
  workflow.setHandler(proofSeen, seen => {
    proof ??= seen
  })
  const watching = watch(spec).then(
    outcome => {
      watched = outcome
    },
    () => {
      watched = { outcome: 'refused', reason: 'claim_expired', detail: 'no verifier finished the check in time' }
    },
  )
  await workflow.condition(() => proof !== undefined || watched !== undefined)
  if (!proof) return finish(spec, undefined, refused(watched))
  let minted: MintOutcome = { outcome: 'refused', reason: 'claim_expired' }
  try {
    minted = await mint(spec, proof)
  } catch {
    // No signer finished in time: refused as expired.
  }
  if (!watched) await watching
  return finish(spec, proof, verdictOf(spec, proof, minted))
}

function watch(spec: ClaimSpec): Promise<WatchOutcome> {
  const left = Math.max(spec.expiresAtMs - Date.now(), 0)
  const { watchForProof } = workflow.proxyActivities<GithubActivities>({
    taskQueue: githubTaskQueue,
    scheduleToCloseTimeout: left + watchSlackMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 5_000 },
    summary: `watch ${spec.repository} run ${spec.runId} for the code (${spec.channels.join(', ')})`,
  })
  return watchForProof(spec)
}

function mint(spec: ClaimSpec, proof: ProofSeen): Promise<MintOutcome> {
  const { mintToken } = workflow.proxyActivities<SigningActivities>({
    taskQueue: signingTaskQueue,
    startToCloseTimeout: 10_000,
    scheduleToCloseTimeout: mintTimeMsMax,
    retry: { initialInterval: 100, backoffCoefficient: 2, maximumInterval: 5_000 },
    summary: `mint for ${spec.audience}, proven by ${proof.channel}`,
  })
  const { claimId, audience, sealKey } = spec
  return mintToken({ order: { claimId, audience, sealKey }, attestation: proof.attestation })
}

function refused(outcome: WatchOutcome | undefined): ClaimVerdict {
  if (outcome?.outcome !== 'refused') return { verdict: 'refused', reason: 'claim_expired' }
  return { verdict: 'refused', reason: outcome.reason, ...(outcome.detail !== undefined && { detail: outcome.detail }) }
}

function verdictOf(spec: ClaimSpec, proof: ProofSeen, minted: MintOutcome): ClaimVerdict {
  if (minted.outcome === 'refused') return { verdict: 'refused', reason: minted.reason }
  const { tokenId, sealedToken } = minted
  return { verdict: 'proven', tokenId, channel: proof.channel, sealedToken, ownKey: spec.ownKey }
}

async function finish(spec: ClaimSpec, proof: ProofSeen | undefined, verdict: ClaimVerdict): Promise<ClaimVerdict> {
  workflow.upsertSearchAttributes([
    { key: claimSearchAttributes.state, value: verdict.verdict },
    ...(verdict.verdict === 'refused' ? [{ key: claimSearchAttributes.reason, value: verdict.reason }] : []),
    ...(proof?.pullRequest ? [{ key: claimSearchAttributes.pullRequest, value: proof.pullRequest }] : []),
  ])
  const { publishEvent } = workflow.proxyLocalActivities<EventActivities>({
    scheduleToCloseTimeout: 30_000,
    startToCloseTimeout: 5_000,
    retry: { initialInterval: 100, backoffCoefficient: 2, maximumInterval: 2_000 },
  })
  try {
    await publishEvent(eventOf(spec, proof, verdict))
  } catch {
    // The verdict is the truth and stands in this history; the event stream can be filled again from it.
    workflow.log.warn('the event could not be published', { claimId: spec.claimId })
  }
  return verdict
}

function eventOf(spec: ClaimSpec, proof: ProofSeen | undefined, verdict: ClaimVerdict): ForkproofEvent {
  const envelope = {
    specversion: '1.0',
    id: `${workflow.workflowInfo().workflowId}:${verdict.verdict}`,
    source: 'forkproof/orchestrator',
    subject: spec.claimId,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
  } as const
  const about = { repository: spec.repository as string, runId: spec.runId as string }
  if (verdict.verdict === 'refused' || !proof) {
    const reason = verdict.verdict === 'refused' ? verdict.reason : 'claim_expired'
    return { ...envelope, type: 'forkproof.claim.refused.v1', data: { ...about, reason } }
  }
  const { channel, repositoryId, pullRequest } = proof
  const data = {
    ...about,
    repositoryId,
    ...(pullRequest && { pullRequest }),
    channel,
    tokenId: verdict.tokenId,
    audience: spec.audience as string,
  }
  return { ...envelope, type: 'forkproof.claim.proven.v1', data }
}
