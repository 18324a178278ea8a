import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { Issuer } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { ProofSeen } from '@forkproof/workflows/claims/api'
import type { WatchOutcome } from '@forkproof/workflows/claims/ports'
import type { SignAttestation } from '../attestation/attestation-signer.ts'
import { specIsConsistent } from '../core/challenge-check.ts'
import { type RunRefusal, refuse } from '../core/run-decision.ts'
import type { VerifiedRun } from '../core/verify-run.ts'
import type { WatchReport } from '../observer/observer-registry.ts'
import type { SignalProof } from './proof-signal.ts'

export interface WatchForProofDeps {
  readonly issuer: Issuer
  readonly watch: (spec: ClaimSpec, signal: AbortSignal) => Promise<WatchReport>
  readonly sign: SignAttestation
  readonly signalProof: SignalProof
  readonly clock: Clock
  readonly log: Logger
}

/** The activity without Temporal around it. Rejects only when it is cancelled or when Temporal cannot be reached. */
export async function watchForProof(
  spec: ClaimSpec,
  deps: WatchForProofDeps,
  signal: AbortSignal,
): Promise<WatchOutcome> {
  const consistent = await specIsConsistent(spec, deps.issuer)
  if (!consistent) return refused(spec, refuse('attestation_mismatch'), undefined, deps)
  if (deps.clock.now() >= spec.expiresAtMs) return refused(spec, refuse('code_not_seen'), undefined, deps)
  const report = await deps.watch(spec, signal)
  if (report.result.kind === 'refused') return refused(spec, report.result, report, deps)
  return proven(spec, report.result.run, report, deps, signal)
}

async function proven(
  spec: ClaimSpec,
  run: VerifiedRun,
  report: WatchReport,
  deps: WatchForProofDeps,
  signal: AbortSignal,
): Promise<WatchOutcome> {
  const proof: ProofSeen = {
    attestation: await deps.sign(run),
    channel: run.channel,
    repositoryId: run.facts.repository.id,
    ...(run.facts.pullRequest && { pullRequest: run.facts.pullRequest.number }),
  }
  const { claimId, repository, runId } = spec
  const elapsedMs = report.shownAtMs === undefined ? undefined : deps.clock.now() - report.shownAtMs
  deps.log.info({ claimId, repository, runId, channel: run.channel, counted: report.counted, elapsedMs }, 'code seen')
  const told = await deps.signalProof(claimId, proof, signal)
  if (told === 'gone') deps.log.warn({ claimId }, 'the claim was over before its proof arrived')
  return { outcome: 'proven' }
}

function refused(
  spec: ClaimSpec,
  refusal: RunRefusal,
  report: WatchReport | undefined,
  deps: WatchForProofDeps,
): WatchOutcome {
  const { claimId, repository, runId } = spec
  const { reason, detail } = refusal
  const fields = { claimId, repository, runId, reason, problem: detail, counted: report?.counted }
  deps.log.info(fields, 'claim refused')
  return { outcome: 'refused', reason, ...(detail !== undefined && { detail }) }
}
