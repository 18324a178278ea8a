import type { Route } from '../proxy/route.ts'
import { isLiveRecord, type LeaseRecord, type LiveLease } from '../state/lease-record.ts'

/** What everybody but the lease store sees of a lease: its record, and what dies with this process. */
export interface NodeLease<R extends LeaseRecord = LeaseRecord> {
  readonly record: Readonly<R>
  /** Last sign of life of the client, or when it was told of its builder, or when the lease was taken. */
  readonly seenAtMs: number
  /** Its way through the TLS proxy, from ready to over. */
  readonly route: Pick<Route, 'connections' | 'revoke'> | undefined
  /** What was said last about its place in the queue. */
  readonly report: { readonly position: number; readonly atMs: number } | undefined
  /** Its builder was ready before the lease came. */
  readonly warm: boolean
}
export type LiveNodeLease = NodeLease<LiveLease>

export const isLiveLease = (lease: NodeLease): lease is LiveNodeLease => isLiveRecord(lease.record)
