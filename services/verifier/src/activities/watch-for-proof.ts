import type { ClaimOrder } from '@forkproof/contracts/claim'
import type { Issuer } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { ProofSeen } from '@forkproof/workflows/claims/api'
import type { WatchOutcome } from '@forkproof/workflows/claims/ports'
import type { SignAttestation } from '../attestation/attestation-signer.ts'
import { orderIsConsistent } from '../core/challenge-check.ts'
import { type Refusal, refuse } from '../core/run-decision.ts'
import type { VerifiedRun } from '../core/verify-run.ts'
import type { WatchReport } from '../observer/observer-registry.ts'
import type { SignalProof } from './proof-signal.ts'

export interface WatchTools {
  readonly issuer: Issuer
  readonly watch: (order: ClaimOrder, signal: AbortSignal) => Promise<WatchReport>
  readonly sign: SignAttestation
  readonly signalProof: SignalProof
  readonly clock: Clock
  readonly log: Logger
}

/** The activity without Temporal around it: from order to outcome. Rejects only when cut short or when Temporal cannot be told. */
export async function watchForProof(order: ClaimOrder, tools: WatchTools, signal: AbortSignal): Promise<WatchOutcome> {
  const consistent = await orderIsConsistent(order, tools.issuer)
  if (!consistent) return refused(order, refuse('attestation_mismatch'), undefined, tools)
  if (tools.clock.now() >= order.expiresAtMs) return refused(order, refuse('code_not_seen'), undefined, tools)
  const report = await tools.watch(order, signal)
  if (report.result.kind === 'refused') return refused(order, report.result, report, tools)
  return proven(order, report.result.run, report, tools, signal)
}

async function proven(
  order: ClaimOrder,
  run: VerifiedRun,
  report: WatchReport,
  tools: WatchTools,
  signal: AbortSignal,
): Promise<WatchOutcome> {
  const proof: ProofSeen = {
    attestation: await tools.sign(run),
    channel: run.channel,
    repositoryId: run.facts.repository.id,
    ...(run.facts.pullRequest && { pullRequest: run.facts.pullRequest.number }),
  }
  const { claimId, repository, runId } = order
  const elapsedMs = report.shownAtMs === undefined ? undefined : tools.clock.now() - report.shownAtMs
  tools.log.info({ claimId, repository, runId, channel: run.channel, counted: report.counted, elapsedMs }, 'code seen')
  const told = await tools.signalProof(claimId, proof, signal)
  if (told === 'gone') tools.log.warn({ claimId }, 'the claim was over before its proof arrived')
  return { outcome: 'proven' }
}

function refused(
  order: ClaimOrder,
  refusal: Refusal,
  report: WatchReport | undefined,
  tools: WatchTools,
): WatchOutcome {
  const { claimId, repository, runId } = order
  const { reason, detail } = refusal
  const fields = { claimId, repository, runId, reason, problem: detail, counted: report?.counted }
  tools.log.info(fields, 'claim refused')
  return { outcome: 'refused', reason, ...(detail !== undefined && { detail }) }
}
