import { withDeadline } from '@forkproof/infra/deadline'
import { type Builder, countKinds, largerCounts } from './builder.ts'
import type { BuilderPoolDeps } from './builder-pool.ts'

const destroyMsMax = 10_000
const inventoryMsMax = 5_000
const retryMsMin = 250
const retryMsMax = 30_000
/** What a receipt says when nobody could look: not empty, so it is tried again. */
const unseen = ['unknown the machine could not be looked at']

/** Removes the builder and looks whether it is gone. Never throws: the outcome is phase `gone` or `stuck`. */
export async function destroyBuilder(builder: Builder, parts: BuilderPoolDeps): Promise<void> {
  const { clock, driver, log } = parts
  const { builderId } = builder.record
  const beganAtMs = builder.teardown?.beganAtMs ?? clock.now()
  const attempts = (builder.teardown?.attempts ?? 0) + 1
  if (attempts === 1) {
    const traces = await inventoryOf(builder, parts)
    if (traces !== unseen) {
      builder.record = { ...builder.record, during: largerCounts(builder.record.during, countKinds(traces)) }
    }
  }
  // Whoever makes it takes back what it had begun, and has a bound.
  await builder.made
  try {
    await withDeadline({ clock, ms: destroyMsMax }, signal => driver.destroy(builderId, signal))
  } catch (err) {
    log.warn({ builderId, attempt: attempts, err }, 'a builder could not be removed yet')
  }
  // The driver's word is not enough: a receipt is what was seen.
  const leftovers = await inventoryOf(builder, parts)
  const endedAtMs = clock.now()
  const retryAtMs = endedAtMs + Math.min(retryMsMin * 2 ** (attempts - 1), retryMsMax)
  builder.teardown = { beganAtMs, attempts, retryAtMs, endedAtMs, leftovers }
  builder.phase = leftovers.length === 0 ? 'gone' : 'stuck'
  if (builder.phase === 'stuck')
    log.error({ builderId, left: leftovers.slice(0, 10) }, 'something of a builder is left')
}

async function inventoryOf({ record }: Builder, { clock, driver, log }: BuilderPoolDeps): Promise<readonly string[]> {
  const { builderId } = record
  try {
    return await withDeadline({ clock, ms: inventoryMsMax }, signal => driver.inventory(builderId, signal))
  } catch (err) {
    log.warn({ builderId, err }, 'a builder could not be looked at')
    return unseen
  }
}
