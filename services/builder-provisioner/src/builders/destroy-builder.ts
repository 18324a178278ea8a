import { backOffMs } from '@forkproof/infra/back-off'
import type { Clock } from '@forkproof/infra/clock'
import { withDeadline } from '@forkproof/infra/deadline'
import type { Logger } from '@forkproof/infra/log'
import type { Driver } from '../drivers/driver.ts'
import { readTraces } from './builder-traces.ts'
import type { OwnedBuilder } from './owned-builder.ts'

const destroyMsMax = 10_000
const retry = { minMs: 250, maxMs: 30_000 }
/** What a receipt says when the inventory could not be read: not empty, so it is tried again. */
const unreadable = ['unknown the machine could not be looked at']

export interface DestroyBuilderDeps {
  readonly driver: Driver
  readonly clock: Clock
  readonly log: Logger
}

/** Destroys the builder and looks whether it is gone. Never throws: afterwards its phase is `gone` or `stuck`. */
export async function destroyBuilder(builder: OwnedBuilder, deps: DestroyBuilderDeps): Promise<void> {
  const { clock, driver, log } = deps
  const { builderId } = builder.record
  const beganAtMs = builder.teardown?.beganAtMs ?? clock.now()
  const attempts = (builder.teardown?.attempts ?? 0) + 1
  if (attempts === 1) {
    const traces = await tracesOrNothing(builder, deps)
    if (traces) builder.noteTraces(traces)
  }
  // Its creation takes back what it had begun, and is bounded in time.
  await builder.created
  try {
    await withDeadline({ clock, ms: destroyMsMax }, signal => driver.destroy(builderId, signal))
  } catch (err) {
    log.warn({ builderId, attempt: attempts, err }, 'a builder could not be destroyed yet')
  }
  // The driver's word is not enough: a receipt is what was seen.
  const leftovers = (await tracesOrNothing(builder, deps)) ?? unreadable
  const endedAtMs = clock.now()
  const retryAtMs = endedAtMs + backOffMs(attempts, retry)
  builder.endDestroying({ beganAtMs, attempts, retryAtMs, endedAtMs, leftovers })
  if (leftovers.length > 0) log.error({ builderId, left: leftovers.slice(0, 10) }, 'something of a builder is left')
}

async function tracesOrNothing(
  { record: { builderId } }: OwnedBuilder,
  deps: DestroyBuilderDeps,
): Promise<readonly string[] | undefined> {
  try {
    return await readTraces(builderId, deps)
  } catch (err) {
    deps.log.warn({ builderId, err }, 'the traces of a builder cannot be read')
    return undefined
  }
}
