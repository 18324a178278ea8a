import type { BuilderCommand } from '@forkproof/contracts/events'

export type { InspectActivities } from '../inspect/ports.ts'

/** Local activities of the orchestrator. */
export interface CommandActivities {
  /** Stored in the work queue when it resolves; doubles are dropped by event id. */
  publishCommand(command: BuilderCommand): Promise<void>
}
