import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { RunFacts } from '@forkproof/contracts/facts'
import type { GithubJob, GithubRun } from '../github/schemas.ts'
import { checkJob } from './check-job.ts'
import { checkRun, quotes } from './check-run.ts'
import { isDependabot, isOfOwnRepository } from './dependabot.ts'
import { matchedIn, type PullRequestReading } from './pull-request.ts'
import { notYet, type RunNotYet, type RunRefusal, refuse } from './run-decision.ts'
import { runFacts } from './run-facts.ts'

/** A code that was seen in a channel (docs/glossary.md: sighting). `jobId` is there if the channel proves the job. */
export interface Sighting {
  readonly channel: Channel
  readonly jobId?: number
}

/** What was read after the sighting. */
export interface Evidence {
  readonly run: GithubRun
  /** The attempt that the first check of this claim saw. */
  readonly attempt: number
  /** Needed, and read, when the claim names a job. */
  readonly jobs?: readonly GithubJob[]
  readonly pullRequests?: PullRequestReading
  readonly sighting: Sighting
  readonly seenAtMs: number
}

declare const verified: unique symbol
/** A claim whose every fact was checked. Only `verifyRun` makes one, and `isVerified` recognizes it. */
export interface VerifiedRun {
  readonly [verified]: true
  readonly claimId: ClaimSpec['claimId']
  readonly audience: ClaimSpec['audience']
  readonly facts: RunFacts
  readonly channel: Channel
  readonly seenAtMs: number
}

const made = new WeakSet<VerifiedRun>()
export const isVerified = (value: VerifiedRun): boolean => made.has(value)

type Verification = { readonly kind: 'verified'; readonly run: VerifiedRun } | RunRefusal | RunNotYet

/**
 * All checks again, on what was read after the sighting. The sighting itself shows that a job of the run lives, so that
 * the run may have any status but `completed`. Pure, except that it remembers what it made.
 */
export function verifyRun(spec: ClaimSpec, evidence: Evidence): Verification {
  const { run, sighting } = evidence
  const decision = checkRun(run, spec)
  if (decision.kind !== 'fine') return decision
  const latest = `the latest is ${run.run_attempt}`
  if (run.run_attempt > evidence.attempt) return refuse('attempt_not_latest', latest)
  // An answer from before the attempt that was seen already.
  if (run.run_attempt < evidence.attempt) return notYet('attempt_not_latest', latest)
  if (!spec.channels.includes(sighting.channel)) return refuse('code_not_seen', 'the channel was not asked for')
  if (spec.jobId !== undefined) {
    const jobs = evidence.jobs ?? []
    const job = checkJob(jobs, spec.jobId, run)
    // The job was there before: if it is gone now, that is a mismatch and no lag.
    const isThere = jobs.some(({ id }) => String(id) === spec.jobId)
    if (job.kind === 'not-yet' && !isThere) return refuse(job.reason, job.detail)
    if (job.kind !== 'fine') return job
    const another = sighting.jobId !== undefined && String(sighting.jobId) !== spec.jobId
    if (another) return refuse('job_mismatch', 'the code was shown by another job')
  }
  const written = evidence.pullRequests?.pulls.flatMap(({ title, body }) => [title, body]) ?? []
  if (written.some(text => quotes(text, spec.challengeCode))) return refuse('code_quoted')
  if (run.head_repository === null) return refuse('head_repository_gone')
  const pullRequest = matchedIn(evidence.pullRequests, run)
  if (isOfOwnRepository(run)) {
    if (!evidence.pullRequests) return refuse('github_unavailable', 'the pull request could not be read')
    // The event is Dependabot's; the pull request has to be too.
    if (!isDependabot(pullRequest?.pull.user)) return refuse('not_a_fork', 'the pull request is not Dependabot’s')
  }
  const facts = runFacts(run, run.head_repository, {
    pullRequest,
    jobId: sighting.jobId,
  })
  return { kind: 'verified', run: remember(spec, facts, evidence) }
}

function remember(spec: ClaimSpec, facts: RunFacts, { sighting, seenAtMs }: Evidence): VerifiedRun {
  const { claimId, audience } = spec
  // The brand exists only in the type system; the WeakSet holds it at run time.
  const run = Object.freeze({ claimId, audience, facts, channel: sighting.channel, seenAtMs }) as VerifiedRun
  made.add(run)
  return run
}
