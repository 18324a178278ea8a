import { type RunTarget, runKey } from '../github/run-target.ts'
import type { RunSources } from '../observer/run-sources.ts'

interface SharedRun {
  readonly sources: RunSources
  readonly end: AbortController
  users: number
}

/** One set of sources for each run, shared by all its builds in this process. Closed after the last of them. */
export class SharedRuns {
  readonly #open: (target: RunTarget, signal: AbortSignal) => RunSources
  readonly #runs = new Map<string, SharedRun>()

  constructor(open: (target: RunTarget, signal: AbortSignal) => RunSources) {
    this.#open = open
  }

  get size(): number {
    return this.#runs.size
  }

  async use<T>(target: RunTarget, work: (sources: RunSources) => Promise<T>): Promise<T> {
    const key = runKey(target)
    const shared = this.#runs.get(key) ?? this.#make(target)
    this.#runs.set(key, shared)
    shared.users += 1
    try {
      return await work(shared.sources)
    } finally {
      shared.users -= 1
      if (shared.users === 0) {
        this.#runs.delete(key)
        shared.end.abort(new Error('nobody asks for this run any more'))
      }
    }
  }

  #make(target: RunTarget): SharedRun {
    const end = new AbortController()
    return { sources: this.#open(target, end.signal), end, users: 0 }
  }
}
