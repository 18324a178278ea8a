import { randomBytes } from 'node:crypto'
import type { Receipt } from '@forkproof/contracts/builder'
import { BuilderId, type LeaseId, type NodeId } from '@forkproof/contracts/ids'
import type { BuilderCa } from '../credentials/builder-ca.ts'
import type { RunningBuilder } from '../drivers/driver.ts'
import type { BuilderPhase, BuilderSnapshot } from '../reconcile/snapshot.ts'
import type { BuilderRecord } from '../state/builder-record.ts'
import type { Failure } from '../state/failure.ts'

/** Everything this process knows of one builder. Only `builders/` changes it. */
export interface Builder {
  record: BuilderRecord
  phase: BuilderPhase
  used: boolean
  readyAtMs?: number
  idleSinceMs?: number | undefined
  failure?: Failure
  running?: RunningBuilder
  /** Certificates for its first lease, made while it starts: whoever takes a warm builder does not wait for them. Later leases make their own. */
  preparedCa?: Promise<BuilderCa>
  /** How long it took to become ready, ms. */
  timings?: { readonly startMs: number; readonly canaryMs: number }
  /** Ends the making of it. */
  readonly stop: AbortController
  /** Settles when nobody is making it any more. */
  made: Promise<void>
  teardown?: Teardown
}

export interface Teardown {
  readonly beganAtMs: number
  readonly attempts: number
  readonly retryAtMs: number
  readonly endedAtMs: number
  readonly leftovers: readonly string[]
}

/** A name that never leaves a TLS handshake: reserved for private use, so no resolver will ever answer it. */
const serverDomain = 'builders.forkproof.internal'

/** The builder's name at the front door, one for each of its leases. */
export const serverNameOf = (builderId: BuilderId, leaseId?: LeaseId): string =>
  `${builderId}${leaseId === undefined ? '' : `-${leaseId.slice(0, 8)}`}.${serverDomain}`

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export const newBuilderId = (): BuilderId =>
  BuilderId.parse(`b${Array.from(randomBytes(11), byte => alphabet[byte % 32]).join('')}`)

export const newBuilder = (record: BuilderRecord, phase: BuilderPhase): Builder => ({
  record,
  phase,
  used: false,
  stop: new AbortController(),
  made: Promise.resolve(),
})

export const snapshotOfBuilder = ({
  record,
  phase,
  used,
  failure,
  idleSinceMs,
  teardown,
}: Builder): BuilderSnapshot => ({
  builderId: record.builderId,
  phase,
  traits: record.traits,
  createdAtMs: record.createdAtMs,
  endsAtMs: record.endsAtMs,
  used,
  failure,
  idleSinceMs,
  teardown,
})

/** What was there and what is left. @throws when the builder was never torn down */
export function receiptOf({ record, teardown }: Builder, nodeId: NodeId, driver: string): Receipt {
  if (!teardown) throw new Error('a builder that stands has no receipt')
  return {
    builderId: record.builderId,
    nodeId,
    driver,
    createdAtMs: record.createdAtMs,
    destroyedAtMs: teardown.endedAtMs,
    teardownMs: teardown.endedAtMs - teardown.beganAtMs,
    during: record.during,
    leftovers: teardown.leftovers,
  }
}

/** `process 4711`, `process 4712`, `mount /x` → `{process: 2, mount: 1}`. */
export function countKinds(traces: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const trace of traces) {
    const [kind = trace] = trace.split(' ', 1)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** The larger count of each kind. */
export function largerCounts(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) {
  const most = { ...one }
  for (const [kind, count] of Object.entries(other)) most[kind] = Math.max(most[kind] ?? 0, count)
  return most
}
