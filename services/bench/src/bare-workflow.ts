import * as workflow from '@temporalio/workflow'

/** The workflow that claims are compared with: start, one activity, complete. */
const { nothing } = workflow.proxyActivities<{ nothing(): Promise<string> }>({
  taskQueue: 'bare-activity',
  startToCloseTimeout: 10_000,
})

export const bareWorkflow = (): Promise<string> => nothing()
