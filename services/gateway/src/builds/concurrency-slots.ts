import { AppError } from '@forkproof/contracts/errors'
import type { BuildId, RelationshipId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Builds } from './ports.ts'

/** Visibility is eventually consistent; it has caught up long before this. */
const visibilityLagMsMax = 10_000
const retryAfterSeconds = 5

interface TakenSlot {
  readonly buildId: BuildId
  readonly relationshipId: RelationshipId
  readonly atMs: number
}

/**
 * How many builds a relationship runs at once. docs/glossary.md: concurrency slot. Temporal's visibility is asked,
 * and what this process started in the last seconds is counted too. Several gateways that start builds of one
 * relationship within the same second may exceed the limit by a few.
 */
export class ConcurrencySlots {
  #taken: TakenSlot[] = []
  readonly #builds: Pick<Builds, 'running'>
  readonly #isOver: (buildId: BuildId) => boolean
  readonly #clock: Clock

  /** `isOver`: known here to have ended, although visibility may still say otherwise. */
  constructor(options: { builds: Pick<Builds, 'running'>; isOver: (buildId: BuildId) => boolean; clock: Clock }) {
    this.#builds = options.builds
    this.#isOver = options.isOver
    this.#clock = options.clock
  }

  /** Takes a slot for a build that is about to start. @throws AppError too_many_builds */
  async take(buildId: BuildId, relationshipId: RelationshipId, slotsMax: number): Promise<void> {
    this.#forgetOld()
    // Earlier takers go first: when two ask at the same moment, one of them gets the last slot.
    const earlier = this.#of(relationshipId)
    if (earlier.length >= slotsMax) throw tooMany()
    const own: TakenSlot = { buildId, relationshipId, atMs: this.#clock.now() }
    this.#taken.push(own)
    try {
      const visible = await this.#builds.running(relationshipId)
      const later = this.#of(relationshipId).filter(id => !earlier.includes(id))
      const others = new Set([...visible.filter(id => !later.includes(id)), ...earlier])
      const running = [...others].filter(id => !this.#isOver(id))
      if (running.length >= slotsMax) throw tooMany()
    } catch (error) {
      this.release(buildId)
      throw error
    }
  }

  /** The build did not come to be. */
  release(buildId: BuildId): void {
    this.#taken = this.#taken.filter(slot => slot.buildId !== buildId)
  }

  #of = (relationshipId: RelationshipId): BuildId[] =>
    this.#taken.filter(slot => slot.relationshipId === relationshipId).map(slot => slot.buildId)

  #forgetOld(): void {
    const nowMs = this.#clock.now()
    this.#taken = this.#taken.filter(({ buildId, atMs }) => nowMs - atMs < visibilityLagMsMax && !this.#isOver(buildId))
  }
}

const tooMany = (): AppError => new AppError('too_many_builds', { retryAfterSeconds })
