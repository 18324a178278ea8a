/** Time, so that tests need not wait for it. */
export interface ClaimClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What the person who reads the run's log is told, one line each. */
export interface ClaimJournal {
  say(line: string): void
  warn(line: string): void
}

/** The artifacts of the run this process is part of. */
export interface ArtifactStore {
  /** Called when there is time to spare before `upload`. Does not wait for anything. */
  prepare(): void
  /** Resolves once GitHub lists an artifact of exactly that name. Not idempotent: a name can be used once. */
  upload(name: string): Promise<void>
  /** Rejects if there is no such artifact. */
  remove(name: string): Promise<void>
}

export interface ClaimDeps {
  readonly clock: ClaimClock
  readonly journal: ClaimJournal
  /** From 0 up to 1; spreads the retries of many jobs that fail at the same moment. */
  readonly random: () => number
  /** Absent where the runtime token is (a `run:` step has none, facts github B1). */
  readonly artifacts?: ArtifactStore
}
