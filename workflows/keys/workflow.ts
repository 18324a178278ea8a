import * as workflow from '@temporalio/workflow'
import { signingTaskQueue } from '../task-queues.ts'
import type { KeyChangeResult, KeyOperation } from './api.ts'
import type { KeyActivities } from './ports.ts'

const activities = workflow.proxyActivities<KeyActivities>({
  taskQueue: signingTaskQueue,
  startToCloseTimeout: 30_000,
  scheduleToCloseTimeout: 120_000,
  retry: { initialInterval: 500, maximumInterval: 10_000 },
})

/** One operation an operator asked for. */
export const changeKeys = (operation: KeyOperation): Promise<KeyChangeResult> => activities.changeKeys(operation)

/** Run by the schedule. */
export const rotateKeys = (): Promise<KeyChangeResult> => activities.rotateKeys()
