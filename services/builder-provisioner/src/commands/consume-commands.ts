import { BuilderClass, type Platform } from '@forkproof/contracts/builder'
import type { NodeId } from '@forkproof/contracts/ids'
import { consumers, streams } from '@forkproof/contracts/subjects'
import type { Bus, Handled } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Commands } from './commands.ts'

const requestsAtOnce = 8
const releasesAtOnce = 16
/** Less than the bus waits for an answer (30 s): a node that is full gives the message back before another is asked. */
const roomWaitMsMax = 20_000
const roomPollMs = 100

export interface CommandConsumerDeps {
  readonly bus: Pick<Bus, 'consume'>
  readonly nodeId: NodeId
  readonly commands: Commands
  readonly clock: Clock
  /** Aborts when no command is to be taken any more. */
  readonly signal: AbortSignal
}

/**
 * The request queues of the platforms that this node serves, each as long as it serves it, and its release queue. What is under way when the
 * signal aborts is recorded or comes again: nobody has to wait for it.
 */
export class CommandConsumers {
  readonly #parts: CommandConsumerDeps
  readonly #served = new Map<Platform, AbortController>()

  constructor(parts: CommandConsumerDeps) {
    this.#parts = parts
    const { bus, nodeId, commands, signal } = parts
    const consumer = consumers.builderReleases(nodeId)
    const options = { stream: streams.builderCommands, consumer, concurrency: releasesAtOnce, signal }
    void bus.consume(options, ({ text }) => commands.release(text))
  }

  serve(platforms: readonly Platform[]): void {
    for (const [platform, deaf] of this.#served) {
      if (platforms.includes(platform)) continue
      deaf.abort(new Error('not served any more'))
      this.#served.delete(platform)
    }
    const { bus } = this.#parts
    for (const platform of platforms) {
      if (this.#served.has(platform)) continue
      const deaf = new AbortController()
      this.#served.set(platform, deaf)
      const signal = AbortSignal.any([this.#parts.signal, deaf.signal])
      for (const builderClass of BuilderClass.options) {
        const consumer = consumers.builderRequests(platform, builderClass)
        const options = { stream: streams.builderCommands, consumer, concurrency: requestsAtOnce, signal }
        void bus.consume(options, ({ text }) => this.#request(text, signal))
      }
    }
  }

  /** While the queue here is full nothing is taken from the stream: what is not answered stays there, for whoever has room. */
  async #request(text: string, signal: AbortSignal): Promise<Handled> {
    const { commands, clock } = this.#parts
    const untilMs = clock.now() + roomWaitMsMax
    while (!commands.hasRoom() && clock.now() < untilMs && !signal.aborted) {
      await clock.sleep(roomPollMs, signal).catch(() => undefined)
    }
    return signal.aborted ? 'later' : commands.request(text)
  }
}
