import type { Receipt } from '@forkproof/contracts/builder'
import type { NodeId } from '@forkproof/contracts/ids'
import type { RunningBuilder } from '../drivers/driver.ts'
import type { BuilderRecord } from '../state/builder-record.ts'
import type { BuilderStatus, Teardown } from '../state/builder-status.ts'

/** What everybody but the pool sees of a builder. docs/glossary.md: builder. */
export interface Builder {
  readonly record: Readonly<BuilderRecord>
  readonly status: BuilderStatus
  /** A lease was bound to it once. */
  readonly used: boolean
  /** Since when no lease has used it; undefined while one does, or before the first. */
  readonly idleSinceMs: number | undefined
  /** Undefined until the driver has created it. */
  readonly running: RunningBuilder | undefined
  /** How long it took to become ready, ms. */
  readonly timings: { readonly startMs: number; readonly canaryMs: number } | undefined
  /** Undefined until the first attempt to destroy it is over. */
  readonly teardown: Teardown | undefined
}

/** What was there and what is left; undefined for a builder that was never torn down. */
export function receiptOf({ record, teardown }: Builder, nodeId: NodeId, driver: string): Receipt | undefined {
  if (!teardown) return undefined
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
