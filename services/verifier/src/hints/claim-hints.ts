import type { JobId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import type { Clock } from '@forkproof/infra/clock'
import type { RunTarget } from '../github/run-target.ts'
import type { GithubRun } from '../github/schemas.ts'
import type { HeardHints } from './hinted-pauses.ts'

/** What of a claim decides whether a hint is of use to it. */
interface HintedClaim {
  readonly spec: { readonly jobId?: JobId }
  readonly phase: string
}

interface ClaimHintDeps {
  readonly hints: HeardHints
  readonly clock: Clock
  readonly latestRun: () => GithubRun | undefined
  readonly claims: () => readonly HintedClaim[]
  /** Something was told of the run itself: it may be over. */
  readonly onRunHint: () => void
}

const rang = new Error('a hint was heard')

/** Hints for the claims of one run. Waits of the first check end early, and the end of the run is seen at once. */
export class ClaimHints {
  readonly #deps: ClaimHintDeps
  readonly #leave: () => void
  #bell = Promise.withResolvers<'hinted'>()

  constructor(target: RunTarget, deps: ClaimHintDeps) {
    this.#deps = deps
    this.#leave = deps.hints.runs.join({
      runId: target.runId,
      repositoryId: () => {
        const run = deps.latestRun()
        return run && String(run.repository.id)
      },
      headSha: () => deps.latestRun()?.head_sha,
      wants: hint => this.#wants(hint),
      wake: abouts => {
        const { resolve } = this.#bell
        this.#bell = Promise.withResolvers()
        resolve('hinted')
        if (abouts.has('run')) deps.onRunHint()
      },
    })
  }

  saysRunning(jobId: JobId, run: GithubRun): boolean {
    return this.#deps.hints.jobs.saysRunning(jobId, run)
  }

  /** Whether a hint ended the wait. Rejects with the signal's reason when it aborts. */
  async pause(ms: number, signal: AbortSignal): Promise<boolean> {
    const timer = new AbortController()
    const slept = this.#deps.clock.sleep(ms, AbortSignal.any([signal, timer.signal])).then(() => 'slept' as const)
    try {
      return (await Promise.race([slept, this.#bell.promise])) === 'hinted'
    } finally {
      timer.abort(rang)
    }
  }

  close(): void {
    this.#leave()
  }

  /** A job's start helps a claim that GitHub's API does not show yet; steps and artifacts have no webhook. */
  #wants(hint: RunHint): boolean {
    if (hint.about !== 'job') return hint.about === 'run'
    const concerned = ({ spec, phase }: HintedClaim) =>
      phase === 'checking' && (spec.jobId === undefined || spec.jobId === hint.jobId)
    return hint.action === 'in_progress' && this.#deps.claims().some(concerned)
  }
}
