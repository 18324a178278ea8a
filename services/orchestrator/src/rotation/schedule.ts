import { keysTaskQueue, rotateKeysWorkflow, rotationScheduleId } from '@forkproof/workflows/keys/api'
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'

/** Makes sure that the rotation schedule exists; one that exists is left as operators set it. */
export async function ensureRotationSchedule(client: Client, everyMinutes: number): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: rotationScheduleId,
      spec: { intervals: [{ every: `${everyMinutes}m` }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1h' },
      action: {
        type: 'startWorkflow',
        workflowType: rotateKeysWorkflow,
        workflowId: 'keys-rotate',
        taskQueue: keysTaskQueue,
        args: [],
      },
    })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
  }
}
