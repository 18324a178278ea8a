import { BuilderClass, type Platform } from '@forkproof/contracts/builder'
import type { NodeId } from '@forkproof/contracts/ids'
import { consumers, streams } from '@forkproof/contracts/subjects'
import type { Bus, Handled } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Commands } from './commands.ts'

const requestsAtOnce = 8
const releasesAtOnce = 16
/**
 * Less than the 30 s that the bus waits for an answer: a full node gives the message back before the bus asks another.
 */
const roomWaitMsMax = 20_000
const roomPollMs = 100

interface CommandConsumerDeps {
  readonly bus: Pick<Bus, 'consume'>
  readonly nodeId: NodeId
  readonly commands: Commands
  readonly clock: Clock
  /** Aborts when no more commands are taken. */
  readonly signal: AbortSignal
}

/**
 * The request queues of the platforms that this node serves, each for as long as it serves it, and its release queue.
 * What is under way when the signal aborts is recorded or comes again, so its end is not awaited.
 */
export class CommandConsumers {
  readonly #deps: CommandConsumerDeps
  readonly #served = new Map<Platform, AbortController>()

  constructor(deps: CommandConsumerDeps) {
    this.#deps = deps
    const { bus, nodeId, commands, signal } = deps
    const consumer = consumers.builderReleases(nodeId)
    const options = { stream: streams.builderCommands, consumer, concurrency: releasesAtOnce, signal }
    void bus.consume(options, ({ text }) => commands.release(text))
  }

  serve(platforms: readonly Platform[]): void {
    for (const [platform, intake] of this.#served) {
      if (platforms.includes(platform)) continue
      intake.abort(new Error('not served any more'))
      this.#served.delete(platform)
    }
    const { bus } = this.#deps
    for (const platform of platforms) {
      if (this.#served.has(platform)) continue
      const intake = new AbortController()
      this.#served.set(platform, intake)
      const signal = AbortSignal.any([this.#deps.signal, intake.signal])
      for (const builderClass of BuilderClass.options) {
        const consumer = consumers.builderRequests(platform, builderClass)
        const options = { stream: streams.builderCommands, consumer, concurrency: requestsAtOnce, signal }
        void bus.consume(options, ({ text }) => this.#request(text, signal))
      }
    }
  }

  /** Takes nothing while the queue here is full: what is not answered stays in the stream for a node with room. */
  async #request(text: string, signal: AbortSignal): Promise<Handled> {
    const { commands, clock } = this.#deps
    const untilMs = clock.now() + roomWaitMsMax
    while (!commands.hasRoom() && clock.now() < untilMs && !signal.aborted) {
      await clock.sleep(roomPollMs, signal).catch(() => undefined)
    }
    return signal.aborted ? 'later' : commands.request(text)
  }
}
