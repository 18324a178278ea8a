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
import { failedEvent, outgoingEvent } from '../events/builder-event.ts'
import { commandLifeMs } from '../leases/lease-steps.ts'
import type { LeaseStore } from '../leases/lease-store.ts'
import type { NodeLease } from '../leases/node-lease.ts'
import { type Failure, failureBecause, lossBeforeReady } from '../state/failure.ts'
import { isLiveRecord, type LiveLease, type OverLease } from '../state/lease-record.ts'

/** No lease is longer, whatever the command says: warm builders live at least this long after a lease gets them. */
export const leaseMsMax = 3 * 3_600_000
const commandBytesMax = 16_384

interface CommandOptions {
  readonly nodeId: NodeId
  /** How many leases may wait here. */
  readonly queueMax: number
}

interface CommandDeps {
  readonly leases: LeaseStore
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

/** A command is recorded, then acknowledged; the plan does the rest. The same command may come any number of times. */
export function createCommands({ nodeId, queueMax }: CommandOptions, deps: CommandDeps): Commands {
  const { leases, isStopping, wake, clock, log } = deps
  const recording = new Set<LeaseId>()
  const hasRoom = () => leases.countWaiting() + recording.size < queueMax
  const onceAtATime = async (leaseId: LeaseId, record: () => Promise<unknown>): Promise<Handled> => {
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
  const addOver = (data: LeaseIds, ending: Failure) =>
    leases.add(overLease(data, ending, { nodeId, nowMs: clock.now() }))
  return {
    hasRoom,
    request: async text => {
      const command = parseCommand(text, BuilderRequestedEvent, log)
      if (!command) return 'never'
      const { data } = command
      const known = leases.get(data.leaseId)
      if (!known && (isStopping() || !hasRoom())) return 'later'
      return onceAtATime(data.leaseId, async () => {
        if (known) return leases.repeat(data.leaseId)
        const lease = leaseFromRequest(command, clock.now())
        if (lease) return addLease(lease, deps)
        log.warn({ leaseId: data.leaseId, buildId: data.buildId }, 'a request came too late')
        await addOver(data, { ...failureBecause('no_capacity', 'the request came too late'), retryable: false })
      })
    },
    release: async text => {
      const command = parseCommand(text, BuilderReleasedEvent, log)
      if (!command) return 'never'
      const { data } = command
      const known = leases.get(data.leaseId)
      return onceAtATime(data.leaseId, async () => {
        if (known) await releaseLease(known, command, leases)
        // Nothing of an unknown lease is here, and a request that comes after this makes nothing.
        else
          await addOver(data, {
            ...lossBeforeReady('unknown_to_node'),
            retryable: false,
            detail: 'unknown to this node',
          })
      })
    },
  }
}

function parseCommand<S extends z.ZodType>(text: string, schema: S, log: Logger): z.output<S> | undefined {
  try {
    if (text.length > commandBytesMax) throw new Error('too large')
    return schema.parse(JSON.parse(text))
  } catch (err) {
    // The error's text may quote the command.
    log.error({ kind: err instanceof Error ? err.name : 'unknown' }, 'a command cannot be understood and was dropped')
    return undefined
  }
}

/** Undefined when the request came too late. */
function leaseFromRequest({ data }: BuilderRequested, nowMs: number): LiveLease | undefined {
  const { leaseId, buildId, platform, ...request } = data
  const leaseEndsAtMs = Math.min(request.leaseEndsAtMs, nowMs + leaseMsMax)
  if (nowMs >= request.expiresAtMs || nowMs >= leaseEndsAtMs) return undefined
  return {
    leaseId,
    buildId,
    platform,
    phase: 'waiting',
    wish: { ...request, leaseEndsAtMs },
    receivedAtMs: nowMs,
    reports: 0,
    events: [],
  }
}

async function addLease(lease: LiveLease, { leases, log }: CommandDeps): Promise<void> {
  await leases.add(lease)
  const { leaseId, buildId, platform, wish: request } = lease
  log.info({ leaseId, buildId, platform, kind: request.builderClass, egress: request.egress }, 'a lease was taken')
}

async function releaseLease({ record }: NodeLease, { data }: BuilderReleased, leases: LeaseStore): Promise<void> {
  if (!isLiveRecord(record)) {
    leases.repeat(record.leaseId)
    return
  }
  if (record.releasedAs || record.phase === 'ending') return
  await leases.record({ ...record, releasedAs: data.reason })
}

type LeaseIds = Pick<BuilderReleased['data'] | BuilderRequested['data'], 'leaseId' | 'buildId' | 'platform'>

/** A lease that ends with the answer to its command. */
function overLease(
  { leaseId, buildId, platform }: LeaseIds,
  ending: Failure,
  origin: { readonly nodeId: NodeId; readonly nowMs: number },
): OverLease {
  const ids = { leaseId, buildId, platform }
  const event = outgoingEvent(failedEvent(ids, origin, ending))
  return { ...ids, phase: 'over', forgetAtMs: origin.nowMs + commandLifeMs, events: [event] }
}
