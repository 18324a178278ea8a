import { feedEventsPerRunMax, feedSubscribersMax } from './limits.ts'
import type { Conclusion } from './model.ts'
import { requireRoom } from './problem.ts'

export type FeedBody =
  | { type: 'job-started'; jobId: number; jobName: string; runnerName: string | null }
  | { type: 'step-started'; jobId: number; step: number; name: string }
  | { type: 'step-renamed'; jobId: number; step: number; name: string }
  | { type: 'log'; jobId: number; step: number; line: string }
  | { type: 'step-completed'; jobId: number; step: number; name: string; conclusion: Conclusion | null }
  | { type: 'artifact'; artifactId: number; name: string; sizeBytes: number }
  | { type: 'job-completed'; jobId: number; jobName: string; conclusion: Conclusion | null }
  | { type: 'run-started'; attempt: number }
  | { type: 'run-completed'; attempt: number; conclusion: Conclusion | null }

export type FeedEvent = FeedBody & { sequence: number; at: number }
type Listener = (event: FeedEvent) => void

/** What happens in one run, in order, kept and passed on; no lag applies here. */
export class RunFeed {
  readonly events: FeedEvent[] = []
  readonly #listeners = new Set<Listener>()

  publish(at: number, body: FeedBody): void {
    // A flood of lines must not hide that the run ended.
    if (body.type === 'log' && this.events.length >= feedEventsPerRunMax) return
    const event: FeedEvent = { ...body, sequence: this.events.length + 1, at }
    this.events.push(event)
    for (const listener of this.#listeners) listener(event)
  }

  /** Replays everything after `afterSequence`, then follows. Returns the way to stop. */
  subscribe(afterSequence: number, listener: Listener): () => void {
    requireRoom(this.#listeners.size, feedSubscribersMax, 'followers of one run')
    for (const event of this.events) if (event.sequence > afterSequence) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
