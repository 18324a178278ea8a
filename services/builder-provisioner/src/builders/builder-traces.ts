import type { BuilderId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { withDeadline } from '@forkproof/infra/deadline'
import type { Driver } from '../drivers/driver.ts'

const inventoryMsMax = 5_000

/** The driver's inventory of one builder, bounded in time. @throws when the driver cannot tell */
export const readTraces = (
  builderId: BuilderId,
  { clock, driver }: { readonly clock: Clock; readonly driver: Driver },
  parent?: AbortSignal,
): Promise<readonly string[]> =>
  withDeadline({ clock, ms: inventoryMsMax, ...(parent && { parent }) }, signal => driver.inventory(builderId, signal))
