import type { RunId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import type { Clock } from '@forkproof/infra/clock'
import { ExpiringMap } from '../github/expiring-map.ts'
import { hintLimits } from './hint-limits.ts'
import { WakeGate } from './wake-gate.ts'

/** Somebody who reads one run now and then, and wants to read it sooner when something changed. */
export interface RunWatcher {
  readonly runId: RunId
  /** What was read of the run; undefined before that. */
  readonly repositoryId: () => string | undefined
  readonly headSha: () => string | undefined
  readonly wants: (hint: RunHint) => boolean
  /** A reading that starts from now on is worthwhile. `abouts`: what was told of. */
  readonly wake: (abouts: ReadonlySet<RunHint['about']>) => void
}

/**
 * Wakes those who watch a run when a hint about it is heard. What nobody watches causes nothing, and what is watched
 * is woken no oftener than the gate of its run allows; a wake that is too early comes later instead.
 */
export class HintedRuns {
  readonly #clock: Clock
  readonly #runs = new Map<RunId, WatchedRun>()
  readonly #ended: ExpiringMap<RunHint>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#ended = new ExpiringMap(clock, hintLimits.endedRememberedMs, hintLimits.endedEntriesMax)
  }

  /** Runs that are watched now. */
  get size(): number {
    return this.#runs.size
  }

  /** Until the function that it returns is called. */
  join(watcher: RunWatcher): () => void {
    const { runId } = watcher
    const run = this.#runs.get(runId) ?? new WatchedRun(this.#clock)
    this.#runs.set(runId, run)
    run.add(watcher)
    const ended = this.#ended.get(runId)
    if (ended && concerns(ended, watcher)) run.plan(ended, [watcher])
    return () => {
      run.remove(watcher)
      if (run.isEmpty && this.#runs.get(runId) === run) this.#runs.delete(runId)
    }
  }

  hear(hint: RunHint): void {
    if (hint.about === 'run' && hint.action === 'completed') this.#ended.set(hint.runId, hint)
    // GitHub does not say which runs a pull request has, so all that are watched are compared.
    const runs = hint.about === 'pull request' ? this.#runs.values() : [this.#runs.get(hint.runId)]
    for (const run of runs)
      run?.plan(
        hint,
        run.watchers.filter(watcher => concerns(hint, watcher)),
      )
  }
}

function concerns(hint: RunHint, watcher: RunWatcher): boolean {
  const repositoryId = watcher.repositoryId()
  if (repositoryId !== undefined && repositoryId !== hint.repositoryId) return false
  if (hint.about === 'pull request' && watcher.headSha() !== hint.headSha) return false
  return watcher.wants(hint)
}

interface PlannedWake {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly about: RunHint['about']
}

const overtaken = new Error('another wake comes first')

class WatchedRun {
  readonly #clock: Clock
  readonly #gate = new WakeGate()
  readonly #planned = new Map<RunWatcher, readonly PlannedWake[]>()
  #timer: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#planned.size === 0
  }

  get watchers(): readonly RunWatcher[] {
    return [...this.#planned.keys()]
  }

  add(watcher: RunWatcher): void {
    this.#planned.set(watcher, [])
  }

  remove(watcher: RunWatcher): void {
    this.#planned.delete(watcher)
    this.#arm()
  }

  plan(hint: RunHint, watchers: readonly RunWatcher[]): void {
    const nowMs = this.#clock.now()
    const wanted = againMs(hint).map(offset => ({ atMs: nowMs + offset, about: hint.about }))
    for (const watcher of watchers) this.#planned.set(watcher, merged(this.#planned.get(watcher) ?? [], wanted))
    this.#arm()
  }

  /** One timer at most, for the next wake. */
  #arm(): void {
    this.#timer?.abort(overtaken)
    this.#timer = undefined
    const due = [...this.#planned.values()].flat().map(({ atMs }) => atMs)
    if (due.length === 0) return
    const nowMs = this.#clock.now()
    const waitMs = Math.max(Math.min(...due), this.#gate.freeAtMs(nowMs)) - nowMs
    if (waitMs <= 0) {
      this.#wake(nowMs)
      return
    }
    const timer = new AbortController()
    this.#timer = timer
    this.#clock.sleep(waitMs, timer.signal).then(
      () => this.#arm(),
      () => undefined,
    )
  }

  /** All at the same time, so that they share one reading. */
  #wake(nowMs: number): void {
    this.#gate.take(nowMs)
    const woken = [...this.#planned].flatMap(([watcher, planned]) => {
      const due = planned.filter(({ atMs }) => atMs <= nowMs)
      return due.length === 0 ? [] : [{ watcher, planned, abouts: new Set(due.map(({ about }) => about)) }]
    })
    for (const { watcher, planned } of woken) {
      this.#planned.set(
        watcher,
        planned.filter(({ atMs }) => atMs > nowMs),
      )
    }
    for (const { watcher, abouts } of woken) watcher.wake(abouts)
    this.#arm()
  }
}

function againMs(hint: RunHint): readonly number[] {
  if (hint.about === 'pull request') return hintLimits.pullRequestAgainMs
  return hint.about === 'run' && hint.action === 'completed' ? hintLimits.endedAgainMs : [0]
}

/** In order. Of too many, the first are kept, because somebody waits, and the last, because they see the newest. */
function merged(planned: readonly PlannedWake[], wanted: readonly PlannedWake[]): readonly PlannedWake[] {
  const known = new Set(planned.map(keyOf))
  const all = [...planned, ...wanted.filter(one => !known.has(keyOf(one)))].sort((one, other) => one.atMs - other.atMs)
  const half = hintLimits.plannedWakesMax / 2
  return all.length > hintLimits.plannedWakesMax ? [...all.slice(0, half), ...all.slice(-half)] : all
}

const keyOf = ({ atMs, about }: PlannedWake): string => `${about} ${atMs}`
