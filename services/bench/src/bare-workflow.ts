import * as workflow from '@temporalio/workflow'

/** The yardstick for throughput: start, one activity, complete. */
const { nothing } = workflow.proxyActivities<{ nothing(): Promise<string> }>({
  taskQueue: 'bare-activity',
  startToCloseTimeout: 10_000,
})

export const bare = (): Promise<string> => nothing()
