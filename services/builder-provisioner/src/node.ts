import { BuildId } from '@forkproof/contracts/ids'
import { subjects } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import { withDeadline } from '@forkproof/infra/deadline'
import type { Logger } from '@forkproof/infra/log'
import type { Announcer } from './announcement/announcer.ts'
import type { SupportedBuilders } from './announcement/supported-builders.ts'
import type { BuilderPool } from './builders/builder-pool.ts'
import type { CommandConsumers } from './commands/consume-commands.ts'
import type { Driver } from './drivers/driver.ts'
import type { LeaseStore } from './leases/lease-store.ts'
import type { Reconciler } from './reconcile/reconciler.ts'

/** Nothing that is due waits longer than this for its time, even when nothing happens. */
const tickMs = 1_000
const sweepEveryMs = 30_000
const listMsMax = 10_000
/** Shutdown: this long for builders to go and for the last events to be said. */
export const nodeStopMsMax = 20_000
const stopPollMs = 50

export interface BuilderNodeDeps {
  readonly book: LeaseStore
  readonly yard: BuilderPool
  readonly reconciler: Reconciler
  readonly abilities: SupportedBuilders
  readonly announcer: Announcer
  readonly driver: Driver
  readonly bus: Pick<Bus, 'subscribe'>
  /** Begins to take commands. */
  readonly consume: () => CommandConsumers
  /** No command is taken any more. */
  readonly deafen: () => void
  readonly clock: Clock
  readonly log: Logger
}

/** One machine that runs builders: loads what was, sweeps, then serves until it is stopped. */
export class BuilderNode {
  readonly #parts: BuilderNodeDeps
  readonly #ended = new AbortController()
  #consumers: CommandConsumers | undefined
  #loop = Promise.resolve()

  constructor(parts: BuilderNodeDeps) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { book, yard, abilities, bus } = this.#parts
    await yard.load()
    await book.load()
    for (const { record } of book.live()) {
      if (record.builderId) yard.mourn(record.builderId, record.readyAtMs ?? record.receivedAtMs)
    }
    await abilities.refresh()
    await this.#sweep()
    bus.subscribe(subjects.alives, subject => this.#noteAlive(subject))
    this.#consumers = this.#parts.consume()
    this.#consumers.serve(abilities.served.map(({ platform }) => platform))
    this.#loop = this.#run()
  }

  #noteAlive(subject: string): void {
    const buildId = BuildId.safeParse(subject.slice(subjects.alives.length - 1))
    if (buildId.success) this.#parts.book.noteAlive(buildId.data)
  }

  async #run(): Promise<void> {
    const { clock, reconciler, announcer, book, log } = this.#parts
    let sweptMs = clock.now()
    while (!this.#ended.signal.aborted) {
      reconciler.wake()
      void announcer.tick()
      if (clock.now() - sweptMs >= sweepEveryMs) {
        sweptMs = clock.now()
        void this.#look()
        book.forget().catch(err => log.warn({ err }, 'an old lease could not be forgotten'))
      }
      await clock.sleep(tickMs, this.#ended.signal).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const { abilities } = this.#parts
    await Promise.all([this.#sweep(), abilities.refresh()])
    this.#consumers?.serve(abilities.served.map(({ platform }) => platform))
  }

  /** Finds what nobody wants and what has vanished. */
  async #sweep(): Promise<void> {
    const { clock, driver, yard, log } = this.#parts
    const beganAtMs = clock.now()
    try {
      const found = await withDeadline({ clock, ms: listMsMax, parent: this.#ended.signal }, signal =>
        driver.list(signal),
      )
      yard.compare(found, beganAtMs)
    } catch (err) {
      log.warn({ err }, 'the driver cannot list its builders')
    }
  }

  /** Takes no more commands, destroys every builder and says so. Bounded. */
  async stop(): Promise<void> {
    const { reconciler, clock, log } = this.#parts
    this.#parts.deafen()
    reconciler.stopping = true
    reconciler.wake()
    const untilMs = clock.now() + nodeStopMsMax - 1_000
    while (!this.#isEmpty() && clock.now() < untilMs) {
      await clock.sleep(stopPollMs)
      reconciler.wake()
    }
    if (!this.#isEmpty()) log.error({ left: this.#parts.yard.builders.size }, 'stopped with something left to do')
    this.#ended.abort(new Error('stopped'))
    await this.#loop
  }

  #isEmpty(): boolean {
    const { yard, book } = this.#parts
    return yard.builders.size === 0 && book.live().length === 0 && book.isDelivered()
  }
}
