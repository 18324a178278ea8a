import {
  type BuilderReleased,
  BuilderReleasedEvent,
  type BuilderRequested,
  BuilderRequestedEvent,
} from '@forkproof/contracts/events'
import type { LeaseId, NodeId } from '@forkproof/contracts/ids'
import type { Handled } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { z } from 'zod'
import { failedEvent, outgoing } from '../events/builder-event.ts'
import { commandLifeMs } from '../leases/lease-steps.ts'
import type { LeaseEntry, LeaseStore } from '../leases/lease-store.ts'
import { type Failure, failureBecause } from '../state/failure.ts'
import { isLiveRecord, type LiveLease, type OverLease } from '../state/lease-record.ts'

/** No lease is longer, whatever the command says: warm builders are made to live at least this long after they are handed out. */
export const leaseMsMax = 3 * 3_600_000
const commandBytesMax = 16_384

export interface CommandDeps {
  readonly nodeId: NodeId
  readonly book: LeaseStore
  readonly queueMax: number
  readonly isStopping: () => boolean
  readonly wake: () => void
  readonly clock: Clock
  readonly log: Logger
}

export interface Commands {
  /** Whether one more lease may wait here. */
  readonly hasRoom: () => boolean
  readonly request: (text: string) => Promise<Handled>
  readonly release: (text: string) => Promise<Handled>
}

/** A command is recorded, then acknowledged; everything else is the plan's. The same command may come any number of times. */
export function createCommands(parts: CommandDeps): Commands {
  const { book, queueMax, isStopping, wake, log } = parts
  const recording = new Set<LeaseId>()
  const hasRoom = () => book.waiting() + recording.size < queueMax
  const once = async (leaseId: LeaseId, record: () => Promise<unknown>): Promise<Handled> => {
    if (recording.has(leaseId)) return 'later'
    recording.add(leaseId)
    try {
      await record()
    } finally {
      recording.delete(leaseId)
    }
    wake()
    return 'done'
  }
  return {
    hasRoom,
    request: async text => {
      const command = parseCommand(text, BuilderRequestedEvent, log)
      if (!command) return 'never'
      const known = book.get(command.data.leaseId)
      if (!known && (isStopping() || !hasRoom())) return 'later'
      return once(command.data.leaseId, async () => {
        if (known) book.repeat(known)
        else await takeRequest(command, parts)
      })
    },
    release: async text => {
      const command = parseCommand(text, BuilderReleasedEvent, log)
      if (!command) return 'never'
      const known = book.get(command.data.leaseId)
      return once(command.data.leaseId, () =>
        known ? releaseLease(known, command, parts) : answerUnknown(command, parts),
      )
    },
  }
}

function parseCommand<S extends z.ZodType>(text: string, schema: S, log: Logger): z.output<S> | undefined {
  try {
    if (text.length > commandBytesMax) throw new Error('too large')
    return schema.parse(JSON.parse(text))
  } catch (err) {
    // The error's text may quote the command.
    log.error({ kind: err instanceof Error ? err.name : 'unknown' }, 'a command makes no sense and was dropped')
    return undefined
  }
}

async function takeRequest({ data, traceparent }: BuilderRequested, parts: CommandDeps): Promise<void> {
  const { book, clock, log } = parts
  const nowMs = clock.now()
  const { leaseId, buildId, platform, ...wish } = data
  const leaseEndsAtMs = Math.min(wish.leaseEndsAtMs, nowMs + leaseMsMax)
  if (nowMs >= wish.expiresAtMs || nowMs >= leaseEndsAtMs) {
    log.warn({ leaseId, buildId }, 'a request came too late')
    await book.add(
      overLease(data, { ...failureBecause('no_capacity', 'the request came too late'), retryable: false }, parts),
    )
    return
  }
  const lease: LiveLease = {
    leaseId,
    buildId,
    platform,
    phase: 'waiting',
    wish: { ...wish, leaseEndsAtMs, ...(traceparent !== undefined && { traceparent }) },
    receivedAtMs: nowMs,
    reports: 0,
    events: [],
  }
  await book.add(lease)
  log.info({ leaseId, buildId, platform, kind: wish.builderClass, egress: wish.egress }, 'a lease was taken')
}

async function releaseLease(entry: LeaseEntry, { data }: BuilderReleased, { book }: CommandDeps): Promise<void> {
  const { record } = entry
  if (!isLiveRecord(record)) {
    book.repeat(entry)
    return
  }
  if (record.releasedAs || record.phase === 'ending') return
  await book.record(entry, { ...record, releasedAs: data.reason })
}

/** This node knows nothing of the lease, so nothing of it is here; a request that comes after this makes nothing. */
async function answerUnknown({ data }: BuilderReleased, parts: CommandDeps): Promise<void> {
  const unknown: Failure = { as: 'failed', reason: 'builder_lost', retryable: false, detail: 'unknown to this node' }
  await parts.book.add(overLease(data, unknown, parts))
}

function overLease(
  { leaseId, buildId, platform }: BuilderReleased['data'] | BuilderRequested['data'],
  ending: Failure,
  { nodeId, clock }: CommandDeps,
): OverLease {
  const nowMs = clock.now()
  const ref = { leaseId, buildId, platform }
  const event = outgoing(failedEvent(ref, { nodeId, nowMs }, ending))
  return { ...ref, phase: 'over', forgetAtMs: nowMs + commandLifeMs, events: [event] }
}
