import { withDeadline } from '@forkproof/infra/deadline'
import type { BuilderSpec } from '../drivers/driver.ts'
import type { BuilderTraits } from '../state/builder-record.ts'
import { failureOf } from '../state/failure.ts'
import { type Builder, countKinds, largerCounts, serverNameOf } from './builder.ts'
import type { BuilderPoolDeps } from './builder-pool.ts'

const createMsMax = 30_000
/** A driver that was told to stop takes back what it had begun. */
const createGraceMs = 10_000
/** Health and the canary build have bounds of their own; this one holds when they do not. */
const readyMsMax = 60_000
const inventoryMsMax = 5_000

/** Makes the builder and waits until it can build. Never throws: the outcome is the builder's phase. */
export async function createBuilder(builder: Builder, parts: BuilderPoolDeps): Promise<void> {
  const { record, stop } = builder
  const { clock, driver, log } = parts
  if (!record.traits) return
  const { platform, egress } = record.traits
  try {
    prepareCa(builder, parts)
    // The intent first: whatever happens from here on, the next process knows what to look for.
    await parts.records.save(record.builderId, record)
    const spec = specOf(builder, record.traits, parts)
    const creating = { clock, ms: createMsMax, parent: stop.signal, graceMs: createGraceMs }
    const running = await withDeadline(creating, signal => driver.create(spec, signal))
    builder.running = running
    running.ended.then(
      end => noticeEnd(builder, end.detail, parts),
      () => noticeEnd(builder, 'unknown', parts),
    )
    const checking = { clock, ms: readyMsMax, parent: stop.signal }
    builder.timings = await withDeadline(checking, signal =>
      parts.checkReady({ endpoint: running.endpoint, platform, egress }, signal),
    )
    if (builder.phase !== 'starting') return
    builder.phase = 'ready'
    builder.readyAtMs = clock.now()
    void countTraces(builder, parts)
  } catch (err) {
    if (builder.phase !== 'starting') return
    log.warn({ builderId: record.builderId, platform, egress, err }, 'a builder could not be made')
    builder.failure = failureOf(err)
    builder.phase = 'failed'
  }
}

/** A failure is the first lease's to report. */
function prepareCa(builder: Builder, { createCa }: BuilderPoolDeps): void {
  const { builderId, endsAtMs } = builder.record
  const made = createCa({ serverName: serverNameOf(builderId), endsAtMs })
  made.catch(() => undefined)
  builder.preparedCa = made
}

const specOf = ({ record }: Builder, traits: BuilderTraits, parts: BuilderPoolDeps): BuilderSpec => ({
  builderId: record.builderId,
  platform: traits.platform,
  egress: traits.egress,
  kind: traits.kind,
  limits: parts.limits,
  endsAtMs: record.endsAtMs,
})

function noticeEnd(builder: Builder, reason: string, { log, onChange }: BuilderPoolDeps): void {
  if (builder.phase !== 'starting' && builder.phase !== 'ready') return
  log.warn({ builderId: builder.record.builderId, reason }, 'a builder has ended by itself')
  builder.phase = 'lost'
  builder.stop.abort(new Error('the builder has ended'))
  onChange()
}

/** For the receipt of a builder that dies before it can be looked at again. Not waited for: nobody's build depends on it. */
async function countTraces(builder: Builder, { clock, driver, records, log }: BuilderPoolDeps): Promise<void> {
  const { builderId } = builder.record
  try {
    const deadline = { clock, ms: inventoryMsMax, parent: builder.stop.signal }
    const traces = await withDeadline(deadline, signal => driver.inventory(builderId, signal))
    if (builder.phase !== 'ready') return
    builder.record = { ...builder.record, during: largerCounts(builder.record.during, countKinds(traces)) }
    await records.save(builderId, builder.record)
  } catch (err) {
    if (!builder.stop.signal.aborted) log.warn({ builderId, err }, 'a running builder could not be looked at')
  }
}
