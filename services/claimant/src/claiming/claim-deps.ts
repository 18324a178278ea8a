/** Time as a dependency, so that tests need not wait. */
export interface ClaimClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** The lines for people who read the run's log. */
interface ClaimJournal {
  say(line: string): void
  warn(line: string): void
}

/** An upload failed in a way that may not last: another one, of another name, may succeed. */
export class UploadInterruptedError extends Error {
  override readonly name = 'UploadInterruptedError'
}

/** The artifacts of the run that this process belongs to. */
export interface ArtifactStore {
  /** Called when there is time before `upload`. Returns at once. */
  prepare(): void
  /**
   * Resolves once GitHub lists an artifact of exactly that name. A name can be used once.
   * @throws UploadInterruptedError, or anything else for a failure that lasts
   */
  upload(name: string): Promise<void>
  /** Rejects if there is no such artifact. */
  remove(name: string): Promise<void>
}

export interface ClaimDeps {
  readonly clock: ClaimClock
  readonly journal: ClaimJournal
  /** From 0 to 1, without 1. It spreads the retries of many jobs that fail at the same moment. */
  readonly random: () => number
  /** Absent without a runtime token: a `run:` step has none (docs/facts/github.md#runtime-token). */
  readonly artifacts?: ArtifactStore
}
