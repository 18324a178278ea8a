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

/** What is due is done at most this late, also when nothing else happens. */
const tickMs = 1_000
const sweepEveryMs = 30_000
const listMsMax = 10_000
/** Shutdown: builders are destroyed and the last events are said within this. */
export const nodeStopMsMax = 20_000
const stopPollMs = 50

interface BuilderNodeDeps {
  readonly leases: LeaseStore
  readonly pool: BuilderPool
  readonly reconciler: Reconciler
  readonly supported: SupportedBuilders
  readonly announcer: Announcer
  readonly driver: Pick<Driver, 'list'>
  readonly bus: Pick<Bus, 'subscribe'>
  /** Begins to take commands. */
  readonly startIntake: () => CommandConsumers
  /** Takes no more commands. */
  readonly stopIntake: () => void
  readonly clock: Clock
  readonly log: Logger
}

/**
 * One machine that runs builders. It loads its records, sweeps, and then serves until it is stopped. docs/glossary.md:
 * node.
 */
export class BuilderNode {
  readonly #deps: BuilderNodeDeps
  readonly #ended = new AbortController()
  #consumers: CommandConsumers | undefined
  #loop = Promise.resolve()

  constructor(deps: BuilderNodeDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { leases, pool, supported, bus } = this.#deps
    await pool.load()
    await leases.load()
    for (const { record } of leases.live()) {
      const { builderId, readyAtMs, receivedAtMs } = record
      if (builderId) pool.adoptOrphan(builderId, readyAtMs ?? receivedAtMs, 'node_restarted')
    }
    await supported.refresh()
    await this.#sweep()
    bus.subscribe(subjects.alives, subject => this.#noteAlive(subject))
    this.#consumers = this.#deps.startIntake()
    this.#consumers.serve(supported.served.map(({ platform }) => platform))
    this.#loop = this.#run()
  }

  #noteAlive(subject: string): void {
    const buildId = BuildId.safeParse(subject.slice(subjects.alives.length - 1))
    if (buildId.success) this.#deps.leases.noteAlive(buildId.data)
  }

  async #run(): Promise<void> {
    const { clock, reconciler, announcer, leases, log } = this.#deps
    let sweptMs = clock.now()
    while (!this.#ended.signal.aborted) {
      reconciler.wake()
      void announcer.tick()
      if (clock.now() - sweptMs >= sweepEveryMs) {
        sweptMs = clock.now()
        void this.#lookAround()
        leases.forget().catch(err => log.warn({ err }, 'an old lease could not be forgotten'))
      }
      await clock.sleep(tickMs, this.#ended.signal).catch(() => undefined)
    }
  }

  async #lookAround(): Promise<void> {
    const { supported } = this.#deps
    await Promise.all([this.#sweep(), supported.refresh()])
    this.#consumers?.serve(supported.served.map(({ platform }) => platform))
  }

  /** Finds orphans, and builders that have vanished. */
  async #sweep(): Promise<void> {
    const { clock, driver, pool, log } = this.#deps
    const beganAtMs = clock.now()
    const deadline = { clock, ms: listMsMax, parent: this.#ended.signal }
    try {
      pool.compare(await withDeadline(deadline, signal => driver.list(signal)), beganAtMs)
    } catch (err) {
      log.warn({ err }, 'the driver cannot list its builders')
    }
  }

  /** Takes no more commands, destroys every builder and says so. Bounded in time. */
  async stop(): Promise<void> {
    const { reconciler, clock, pool, log } = this.#deps
    this.#deps.stopIntake()
    reconciler.stop()
    const untilMs = clock.now() + nodeStopMsMax - 1_000
    while (!this.#isEmpty() && clock.now() < untilMs) {
      await clock.sleep(stopPollMs)
      reconciler.wake()
    }
    if (!this.#isEmpty()) log.error({ left: pool.size }, 'stopped with something left to do')
    this.#ended.abort(new Error('stopped'))
    await this.#loop
  }

  #isEmpty(): boolean {
    const { pool, leases } = this.#deps
    return pool.size === 0 && leases.live().length === 0 && leases.isDelivered()
  }
}
