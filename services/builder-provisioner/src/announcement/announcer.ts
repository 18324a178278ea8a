import type { NodeAnnouncement } from '@forkproof/contracts/events'
import { buckets } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'

/** The bucket forgets a node after a minute; this leaves room for lost ones. */
const renewMs = 10_000
/** Changes are announced at most this often. */
const changeMs = 1_000

interface AnnouncerDeps {
  readonly bus: Pick<Bus, 'bucket'>
  readonly describe: () => Omit<NodeAnnouncement, 'announcedAtMs'>
  readonly clock: Clock
  readonly log: Logger
}

/** Keeps what this node can do, and how busy it is, fresh in the bucket `nodes`. */
export class Announcer {
  readonly #deps: AnnouncerDeps
  #last = ''
  #lastMs = Number.NEGATIVE_INFINITY
  #busy = false

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps
  }

  /** To be called often: announces when it is time or something has changed. Never throws. */
  async tick(): Promise<void> {
    const { bus, describe, clock, log } = this.#deps
    const elapsedMs = clock.now() - this.#lastMs
    if (this.#busy || elapsedMs < changeMs) return
    const state = describe()
    const text = JSON.stringify(state)
    if (text === this.#last && elapsedMs < renewMs) return
    this.#busy = true
    this.#lastMs = clock.now()
    try {
      const bucket = await bus.bucket(buckets.nodes)
      await bucket.set(state.nodeId, JSON.stringify({ ...state, announcedAtMs: clock.now() }))
      this.#last = text
    } catch (err) {
      log.warn({ err }, 'the node could not be announced')
    } finally {
      this.#busy = false
    }
  }
}
