import { challengeCodePrefix } from '@forkproof/contracts/ids'
import type { GithubArtifact } from '../github/schemas.ts'
import { pollLimits } from './limits.ts'

/**
 * What was read of a run's artifacts, so that each reading of the newest needs no more pages than have new ones. Keeps
 * what the latest page held, and those artifacts alone whose names may be codes.
 */
export class KnownArtifacts {
  #latest: ReadonlySet<string> = new Set()
  readonly #codes = new Map<string, GithubArtifact>()

  get codes(): Iterable<GithubArtifact> {
    return this.#codes.values()
  }

  /** Whether the pages after this one hold nothing new: they were read before, or are older than `sinceMs`. */
  areOlder(page: readonly GithubArtifact[], sinceMs: number): boolean {
    const times = page.map(({ created_at }) => created_at ?? Number.POSITIVE_INFINITY)
    // Unless GitHub keeps to the order that was asked for, a page says nothing about the others.
    const falls = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? 0))
    return falls && ((times.at(-1) ?? 0) < sinceMs || page.some(artifact => this.#latest.has(keyOf(artifact))))
  }

  learn(newest: readonly GithubArtifact[]): void {
    this.#latest = new Set(newest.map(keyOf))
    for (const artifact of newest)
      if (artifact.name.startsWith(challengeCodePrefix)) this.#codes.set(keyOf(artifact), artifact)
    for (const key of this.#codes.keys()) if (this.#codes.size > pollLimits.knownCodesMax) this.#codes.delete(key)
  }
}

/** A name is not unique: a run that is repeated can have it twice. */
const keyOf = ({ id, name }: GithubArtifact): string => `${id} ${name}`
