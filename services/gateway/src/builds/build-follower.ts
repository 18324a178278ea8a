import type { BuildState } from '@forkproof/contracts/build'
import type { BuildId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { SingleFlight } from '@forkproof/infra/single-flight'
import { buildWaitMsMax } from '@forkproof/workflows/builds/api'
import { BoundedMap } from '../throttling/bounded-map.ts'
import type { Builds } from './ports.ts'

const buildsMax = 2_000
/** How old a state may be for callers that only ask whether the build is over. */
const recentMsMax = 5_000

interface Seen {
  readonly state: BuildState
  readonly atMs: number
}

/**
 * All followers of a build in this process share one wait for its next change. A wait costs the workflow a few
 * events of its history, so no client, however it asks, makes more than one in `buildWaitMsMax` for each version;
 * what has ended is never asked for again.
 */
export class BuildFollower {
  readonly #seen = new BoundedMap<BuildId, Seen>(buildsMax)
  readonly #queries = new SingleFlight<BuildId, BuildState>()
  readonly #waits = new SingleFlight<string, BuildState>()
  readonly #builds: Pick<Builds, 'state' | 'awaitChange'>
  readonly #clock: Clock

  constructor(builds: Pick<Builds, 'state' | 'awaitChange'>, clock: Clock) {
    this.#builds = builds
    this.#clock = clock
  }

  /** The state now. @throws AppError build_not_found, temporarily_unavailable */
  current(buildId: BuildId): Promise<BuildState> {
    const seen = this.#seen.get(buildId)
    if (seen?.state.phase === 'ended') return Promise.resolve(seen.state)
    return this.#queries.run(buildId, async () => this.note(await this.#builds.state(buildId)))
  }

  /** The state as it was at most five seconds ago. A build without followers costs one query in that time. */
  async recent(buildId: BuildId): Promise<BuildState> {
    const seen = this.#seen.get(buildId)
    return seen && this.#clock.now() - seen.atMs < recentMsMax ? seen.state : this.current(buildId)
  }

  /** What is known without asking. */
  known(buildId: BuildId): BuildState | undefined {
    return this.#seen.get(buildId)?.state
  }

  isOver(buildId: BuildId): boolean {
    return this.#seen.get(buildId)?.state.phase === 'ended'
  }

  /**
   * The first state whose version is beyond `knownVersion`, the last state of a build that has ended, or the
   * present one when that version does not exist. `undefined` when the signal aborts before.
   */
  async next(buildId: BuildId, knownVersion: number, signal: AbortSignal): Promise<BuildState | undefined> {
    const remembered = this.#seen.get(buildId)?.state
    let state = remembered && remembered.version >= knownVersion ? remembered : await this.current(buildId)
    if (state.version < knownVersion) return state
    while (state.version === knownVersion && state.phase !== 'ended') {
      const { version } = state
      const wait = this.#waits.run(`${buildId} ${version}`, async () =>
        this.note(await this.#builds.awaitChange(buildId, version, buildWaitMsMax)),
      )
      const changed = await undefinedOnAbort(wait, signal)
      if (!changed) return undefined
      state = changed
    }
    return state
  }

  /** A state that came from elsewhere. Never replaces a newer one. */
  note(state: BuildState): BuildState {
    const seen = this.#seen.get(state.buildId)
    if (seen && seen.state.version > state.version) return seen.state
    this.#seen.set(state.buildId, { state, atMs: this.#clock.now() })
    return state
  }
}

/** Resolves to `undefined` when the signal aborts first. The work goes on for others who wait for it. */
async function undefinedOnAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  // Nobody may be left to hear of a failure.
  work.catch(() => undefined)
  if (signal.aborted) return undefined
  const aborted = Promise.withResolvers<undefined>()
  const abort = () => aborted.resolve(undefined)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
