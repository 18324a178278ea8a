import { requireRoom } from './state-problem.ts'
import { feedEventsPerRunMax, feedSubscribersMax } from './store-limits.ts'
import type { Conclusion } from './stored-types.ts'

type RunFeedBody =
  | { type: 'job-started'; jobId: number; jobName: string; runnerName: string | null }
  | { type: 'step-started'; jobId: number; step: number; name: string }
  | { type: 'step-renamed'; jobId: number; step: number; name: string }
  | { type: 'log'; jobId: number; step: number; line: string }
  | { type: 'step-completed'; jobId: number; step: number; name: string; conclusion: Conclusion | null }
  | { type: 'artifact'; artifactId: number; name: string; sizeBytes: number }
  | { type: 'job-completed'; jobId: number; jobName: string; conclusion: Conclusion | null }
  | { type: 'run-started'; attempt: number }
  | { type: 'run-completed'; attempt: number; conclusion: Conclusion | null }

type RunFeedEvent = RunFeedBody & { sequence: number; at: number }
type RunFeedListener = (event: RunFeedEvent) => void

/** What happens in one run, in order, kept and passed on; no lag applies here. */
export class RunFeed {
  readonly events: RunFeedEvent[] = []
  readonly #listeners = new Set<RunFeedListener>()

  publish(at: number, body: RunFeedBody): void {
    // Dropping lines leaves room for the events that say that the run ended.
    if (body.type === 'log' && this.events.length >= feedEventsPerRunMax) return
    const event: RunFeedEvent = { ...body, sequence: this.events.length + 1, at }
    this.events.push(event)
    for (const listener of this.#listeners) listener(event)
  }

  /** Replays everything after `afterSequence`, then follows. Returns the way to stop. */
  subscribe(afterSequence: number, listener: RunFeedListener): () => void {
    requireRoom(this.#listeners.size, feedSubscribersMax, 'followers of one run')
    for (const event of this.events) if (event.sequence > afterSequence) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
