import { challengeStepName } from '@forkproof/contracts/challenge'
import { GithubFault } from '../github/fault.ts'
import type { FakeGithub } from './fake-github.ts'
import { fakeNowMs, type Json, rawArtifact, rawJob, rawRun } from './fake-github-answers.ts'

/** Times are milliseconds after `fakeNowMs`; negative ones were before. */
interface PlannedJob {
  readonly startsMs: number
  readonly lastsMs: number
}

interface PlannedAttempt {
  readonly startsMs: number
  readonly jobs: readonly PlannedJob[]
  /** Jobs that never get a runner, and words that the run's status can be for them. */
  readonly resting: readonly ('queued' | 'waiting' | 'pending')[]
  /** Everything ends here, also what rests. */
  readonly cancelledMs: number
}

interface PlannedFault {
  readonly atMs: number
  readonly lastsMs: number
  readonly kind: 'server-error' | 'unreachable' | 'malformed' | 'limited by 403' | 'limited by 429' | 'cut pages'
}

/** What GitHub does over time, which a test draws at random. */
export interface RunPlan {
  readonly attempts: readonly PlannedAttempt[]
  /** How late GitHub shows artifacts, steps and that a job has started. */
  readonly artifactLagMs: number
  readonly stepLagMs: number
  readonly jobLagMs: number
  /** Other artifacts and steps come this often; 0 is never. */
  readonly noiseMs: number
  readonly oldArtifacts: number
  readonly finishedJobs: number
  readonly faults: readonly PlannedFault[]
}

/** A code that a job shows, if the job is in progress then. */
export interface ShownCode {
  readonly code: string
  readonly attempt: number
  readonly job: number
  readonly as: 'artifact' | 'step-name'
  readonly atMs: number
}

export const plannedJobId = (attempt: number, job: number): number => attempt * 1_000 + job

/** GitHub's times are whole seconds. */
const iso = (ms: number) => new Date(Math.floor((fakeNowMs + ms) / 1_000) * 1_000).toISOString()
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

/** What is true of a planned run at a time, and what GitHub shows of it. Its status follows from its jobs. */
export class PlannedRun {
  readonly plan: RunPlan
  readonly #codes: readonly ShownCode[]

  constructor(plan: RunPlan, codes: readonly ShownCode[]) {
    this.plan = plan
    this.#codes = codes.filter(({ attempt, job, atMs }) => this.jobStatus(attempt, job, atMs) === 'in_progress')
  }

  isShown(code: string): boolean {
    return this.#codes.some(shown => shown.code === code)
  }

  /** Number of the attempt, from 1. */
  attemptAt(ms: number): number {
    return Math.max(this.plan.attempts.filter(({ startsMs }) => startsMs <= ms).length, 1)
  }

  jobEndsMs(attempt: number, job: number): number {
    const { jobs, cancelledMs } = this.#attempt(attempt)
    const { startsMs, lastsMs } = jobs[job] ?? { startsMs: 0, lastsMs: 0 }
    return Math.min(startsMs + lastsMs, cancelledMs)
  }

  jobStatus(attempt: number, job: number, ms: number): 'queued' | 'in_progress' | 'completed' {
    const { jobs } = this.#attempt(attempt)
    if (this.jobEndsMs(attempt, job) <= ms) return 'completed'
    return (jobs[job]?.startsMs ?? 0) <= ms ? 'in_progress' : 'queued'
  }

  /** The least advanced job's. */
  statusAt(ms: number): string {
    const attempt = this.attemptAt(ms)
    const { jobs, resting, cancelledMs } = this.#attempt(attempt)
    const statuses = jobs.map((_, job) => this.jobStatus(attempt, job, ms))
    if (ms < cancelledMs && resting[0]) return resting[0]
    if (statuses.includes('queued')) return 'queued'
    return statuses.includes('in_progress') ? 'in_progress' : 'completed'
  }

  /** Sets what this GitHub answers now. */
  apply(github: FakeGithub, nowMs: number): void {
    const ms = nowMs - fakeNowMs
    const attempt = this.attemptAt(ms)
    const status = this.statusAt(ms)
    github.run = rawRun({
      status,
      conclusion: status === 'completed' ? 'success' : null,
      run_attempt: attempt,
      run_started_at: iso(this.#attempt(attempt).startsMs),
    })
    github.jobs = this.#jobsAt(attempt, ms)
    github.artifacts = this.#artifactsAt(ms)
    this.#applyFault(github, ms)
  }

  #attempt(attempt: number): PlannedAttempt {
    const found = this.plan.attempts[attempt - 1]
    if (!found) throw new Error(`no attempt ${attempt}`)
    return found
  }

  #noiseAt(ms: number): number {
    return this.plan.noiseMs === 0 ? 0 : Math.max(Math.floor(ms / this.plan.noiseMs), 0)
  }

  #jobsAt(attempt: number, ms: number): Json[] {
    const { jobs, resting, cancelledMs } = this.#attempt(attempt)
    const raw = (id: number, status: string, endsMs: number, steps: Json[] = []) =>
      rawJob({
        id,
        status,
        steps,
        run_attempt: attempt,
        completed_at: status === 'completed' ? iso(endsMs) : null,
      })
    const own = jobs.map((job, index) => {
      const truth = this.jobStatus(attempt, index, ms)
      const isLate = truth === 'in_progress' && ms < job.startsMs + this.plan.jobLagMs
      const shown = this.#codes.filter(
        one =>
          one.as === 'step-name' &&
          one.attempt === attempt &&
          one.job === index &&
          one.atMs + this.plan.stepLagMs <= ms,
      )
      const steps = [
        { name: `step ${this.#noiseAt(ms)}`, status: 'in_progress', number: 1, started_at: iso(job.startsMs) },
        ...shown.map(({ code, atMs }, at) => ({
          name: challengeStepName(code as never),
          status: 'in_progress',
          number: at + 2,
          started_at: iso(atMs),
        })),
      ]
      return raw(plannedJobId(attempt, index), isLate ? 'queued' : truth, this.jobEndsMs(attempt, index), steps)
    })
    const others = resting.map((status, index) =>
      raw(plannedJobId(attempt, 500 + index), ms < cancelledMs ? status : 'completed', cancelledMs),
    )
    const finished = times(this.plan.finishedJobs, index =>
      rawJob({
        id: plannedJobId(attempt, 600) + index,
        run_attempt: attempt,
        status: 'completed',
        completed_at: iso(-30_000),
      }),
    )
    return [...finished, ...others, ...own]
  }

  /** Artifacts of all attempts, the newest first. */
  #artifactsAt(ms: number): Json[] {
    const codes = this.#codes
      .filter(({ as, atMs }) => as === 'artifact' && atMs + this.plan.artifactLagMs <= ms)
      .map(({ code, atMs }, index) => ({ id: 10_000 + index, name: code, atMs }))
    const noise = times(this.#noiseAt(ms), index => ({
      id: 1_000 + index,
      name: `noise-${index}`,
      atMs: index * this.plan.noiseMs,
    }))
    const old = times(this.plan.oldArtifacts, index => ({ id: 1 + index, name: `old-${index}`, atMs: -40_000 - index }))
    return [...codes, ...noise, ...old]
      .toSorted((one, other) => other.atMs - one.atMs)
      .map(({ name, atMs, id }) => rawArtifact(name, { id, created_at: iso(atMs) }))
  }

  #applyFault(github: FakeGithub, ms: number): void {
    const fault = this.plan.faults.find(({ atMs, lastsMs }) => atMs <= ms && ms < atMs + lastsMs)
    github.cutsPages = fault?.kind === 'cut pages'
    github.limitStatus = fault?.kind === 'limited by 403' ? 403 : 429
    github.fault = fault && faultOf(fault)
  }
}

function faultOf({ kind, atMs, lastsMs }: PlannedFault): GithubFault | undefined {
  if (kind === 'cut pages') return undefined
  if (kind === 'limited by 403' || kind === 'limited by 429')
    return new GithubFault('limited', kind, { retryAtMs: fakeNowMs + atMs + lastsMs })
  return new GithubFault(kind, kind)
}
