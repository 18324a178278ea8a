import type { Clock } from '@forkproof/infra/clock'
import { withDeadline } from '@forkproof/infra/deadline'
import type { Logger } from '@forkproof/infra/log'
import type { CreateBuilderCa } from '../credentials/builder-ca.ts'
import type { BuilderEnd, BuilderLimits, BuilderSpec, Driver } from '../drivers/driver.ts'
import type { CheckReady } from '../readiness/builder-readiness.ts'
import type { BuilderRecord, BuilderTraits } from '../state/builder-record.ts'
import { failureOf } from '../state/failure.ts'
import type { Records } from '../state/record-folder.ts'
import { serverNameOf } from './builder-names.ts'
import { readTraces } from './builder-traces.ts'
import type { OwnedBuilder } from './owned-builder.ts'

const createMsMax = 30_000
/** A driver that was told to stop takes back what it had begun. */
const createGraceMs = 10_000
/** Health and the canary build have bounds of their own; this one holds when they do not. */
const readyMsMax = 60_000

export interface CreateBuilderDeps {
  readonly driver: Driver
  readonly checkReady: CheckReady
  readonly createCa: CreateBuilderCa
  readonly records: Records<BuilderRecord>
  readonly clock: Clock
  readonly log: Logger
  /** Something has changed: plan again. */
  readonly onChange: () => void
}

/** Creates the builder and waits until it can build. Never throws: the outcome is the builder's status. */
export async function createBuilder(
  builder: OwnedBuilder,
  limits: BuilderLimits,
  deps: CreateBuilderDeps,
): Promise<void> {
  const { record, signal: wanted } = builder
  const { clock, driver, createCa, checkReady, log } = deps
  if (!record.traits) return
  const { builderId, endsAtMs, traits } = record
  const { platform, egress } = traits
  try {
    builder.prepareCa(createCa({ serverName: serverNameOf(builderId), endsAtMs }))
    // The intent first: whatever happens from here on, the next process knows what to look for.
    await deps.records.save(builderId, record)
    const spec = specOf(builder.record, traits, limits)
    const creating = { clock, ms: createMsMax, parent: wanted, graceMs: createGraceMs }
    const running = await withDeadline(creating, signal => driver.create(spec, signal))
    builder.running = running
    watchEnd(builder, running.ended, deps)
    const checking = { clock, ms: readyMsMax, parent: wanted }
    const { endpoint } = running
    const timings = await withDeadline(checking, signal => checkReady({ endpoint, platform, egress }, signal))
    builder.becomeReady(timings, clock.now())
    void countTraces(builder, deps)
  } catch (err) {
    if (builder.status.phase !== 'starting') return
    log.warn({ builderId, platform, egress, err }, 'a builder could not be created')
    builder.fail(failureOf(err))
  }
}

const specOf = (record: BuilderRecord, traits: BuilderTraits, limits: BuilderLimits): BuilderSpec => ({
  ...traits,
  builderId: record.builderId,
  limits,
  endsAtMs: record.endsAtMs,
})

function watchEnd(builder: OwnedBuilder, ended: Promise<BuilderEnd>, { log, onChange }: CreateBuilderDeps): void {
  const notice = ({ lossReason, detail }: BuilderEnd) => {
    if (!builder.isUp) return
    const { builderId } = builder.record
    log.warn({ builderId, reason: lossReason, problem: detail }, 'a builder has ended by itself')
    builder.lose(lossReason)
    onChange()
  }
  ended.then(notice, () => notice({ lossReason: 'ended_by_itself', detail: 'unknown' }))
}

/** For the receipt of a builder that dies before it is destroyed. Not awaited: no build depends on it. */
async function countTraces(builder: OwnedBuilder, deps: CreateBuilderDeps): Promise<void> {
  const { builderId } = builder.record
  if (builder.status.phase !== 'ready') return
  try {
    const traces = await readTraces(builderId, deps, builder.signal)
    if (builder.status.phase !== 'ready') return
    builder.noteTraces(traces)
    await deps.records.save(builderId, builder.record)
  } catch (err) {
    if (!builder.signal.aborted) deps.log.warn({ builderId, err }, 'the traces of a running builder cannot be read')
  }
}
