import type { BuilderId } from '@forkproof/contracts/ids'
import type { MissingPart } from '../driver.ts'

/** Egress of one builder: a link into its network namespace, filtered outside of it. What this driver needs of the network module. */
export interface Uplink {
  missing(signal: AbortSignal): Promise<readonly MissingPart[]>
  /** `pid` is any process of the builder's network namespace. */
  attach(builderId: BuilderId, pid: number, signal: AbortSignal): Promise<void>
  /** Idempotent; also for builders of an earlier process. */
  detach(builderId: BuilderId, signal: AbortSignal): Promise<void>
  /** As `Driver.inventory`. */
  inventory(builderId: BuilderId, signal: AbortSignal): Promise<readonly string[]>
}
