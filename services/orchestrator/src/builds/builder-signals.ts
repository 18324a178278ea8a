import { BuilderEvent } from '@forkproof/contracts/events'
import { backOffMs } from '@forkproof/infra/back-off'
import type { Delivery, Handled } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { builderEventSignal, buildWorkflowId } from '@forkproof/workflows/builds/api'
import type { Client } from '@temporalio/client'

const callTimeoutMs = 3_000
/**
 * Tries go on for this long before the message goes back to the bus. The bus gives a message up after a number of
 * deliveries, and a Temporal that is away for minutes must not use them up. With one more call this stays below the 30
 * s that the bus waits for an acknowledgement; after those, the message would be handled twice at once.
 */
const triesMsMax = 20_000
const retry = { minMs: 50, maxMs: 2_000 }

type TemporalClient = Pick<Client, 'workflow' | 'withDeadline'>

/**
 * Turns each event of a builder into a signal of its build's workflow. The workflow copes with doubles and any order,
 * so a message that comes again after a lost acknowledgement is harmless.
 */
export function createBuilderSignals(
  { client, clock, log }: { client: TemporalClient; clock: Clock; log: Logger },
  signal: AbortSignal,
): (delivery: Pick<Delivery, 'text'>) => Promise<Handled> {
  return async ({ text }) => {
    const event = parse(text)
    if (!event || event.subject !== event.data.buildId) {
      log.error({ problem: 'not an event of a builder' }, 'a message on the stream of builders is dropped')
      return 'never'
    }
    const { buildId, leaseId } = event.data
    const about = { buildId, leaseId, event: event.type }
    const handle = client.workflow.getHandle(buildWorkflowId(buildId))
    const startedMs = clock.now()
    for (let failures = 1; ; failures++) {
      try {
        await client.withDeadline(clock.now() + callTimeoutMs, () => handle.signal(builderEventSignal, event))
        log.debug(about, 'builder event handed on')
        return 'done'
      } catch (err) {
        if (isGone(err)) {
          log.debug(about, 'builder event of a build that is over')
          return 'done'
        }
        if (signal.aborted || clock.now() - startedMs >= triesMsMax) {
          log.warn({ ...about, err }, 'a build cannot be told of its builder, trying again')
          return 'later'
        }
        await clock.sleep(backOffMs(failures, retry), signal).catch(() => undefined)
      }
    }
  }
}

/** Errors lose their class on the way through the client's interceptors; the name survives. */
const isGone = (error: unknown): boolean => error instanceof Error && error.name === 'WorkflowNotFoundError'

function parse(text: string): BuilderEvent | undefined {
  try {
    return BuilderEvent.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
