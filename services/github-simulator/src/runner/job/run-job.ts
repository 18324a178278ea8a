import { interpolateAll, interpolateText } from '../expression/evaluate-expression.ts'
import { groupAlive, processExists, signalGroup } from '../process/process-group.ts'
import { killTrackedProcesses } from '../process/tracked-processes.ts'
import { executeStep } from './execute-step.ts'
import { failureLine } from './failure-line.ts'
import { evaluateJobOutputs } from './job-outputs.ts'
import type { JobSession } from './job-session.ts'
import { type PlannedPost, type PlannedStep, planSteps } from './planned-step.ts'
import { setUpJob } from './set-up-job.ts'
import { initialScope, type StepFrame } from './step-contexts.ts'

interface JobResult {
  conclusion: JobSession['status']
  outputs: Record<string, string>
}

/** Runs a prepared job: set-up, pre, main and post steps, completion. Ends whatever its processes left running. */
export async function runJob(session: JobSession): Promise<JobResult> {
  const { observer, cancellation } = session
  const onCancelled = () => {
    session.status = 'cancelled'
  }
  if (cancellation.cancelled.aborted) onCancelled()
  cancellation.cancelled.addEventListener('abort', onCancelled)
  const frame: StepFrame = { steps: new Map(), inputs: {}, environment: {}, depth: 0, status: () => session.status }
  let nextNumber = 1
  try {
    const queue = await runSetUp(session, nextNumber++)
    const posts: PlannedPost[] = []
    const registered = new Set<PlannedStep['state']>()
    const run = async (planned: PlannedStep) => {
      await executeStep(session, frame, planned, nextNumber++, post => {
        // Pre and main of one use share their state map; the post is registered by whichever runs first.
        if (registered.has(planned.state)) return
        registered.add(planned.state)
        const name = planned.name.text.replace(/^Pre (?=.)/, planned.stage === 'pre' ? '' : 'Pre ')
        posts.push({ ...planned, stage: 'post', post, name: { text: `Post ${name}`, final: true } })
      })
    }
    for (const planned of queue) await run(planned)
    for (const planned of posts.toReversed()) await run(planned)
    const number = nextNumber++
    observer.stepStarted({ number, name: 'Complete job' })
    const outputs = evaluateJobOutputs(session, frame, number)
    session.feed.write(number, 'Cleaning up orphan processes')
    const ended = await endProcesses(session)
    for (const pid of ended) session.feed.write(number, `Terminate orphan process: pid (${pid})`)
    observer.stepCompleted({ number, conclusion: 'success' })
    return { conclusion: session.status, outputs }
  } finally {
    cancellation.cancelled.removeEventListener('abort', onCancelled)
    // Empty unless the job was left by an error, such as an observer that threw.
    if (session.groupIds.size > 0) await endProcesses(session)
  }
}

async function runSetUp(session: JobSession, number: number): Promise<PlannedStep[]> {
  const { observer, assignment, job } = session
  observer.stepStarted({ number, name: 'Set up job' })
  try {
    const scope = initialScope(session)
    const environment = { ...interpolateAll(assignment.workflow.env, scope), ...interpolateAll(job.env, scope) }
    for (const [name, value] of Object.entries(environment)) session.environment.set(name, value)
    const jobName = interpolateText(job.name ?? assignment.jobKey, scope)
    const actions = await setUpJob(session, number, jobName)
    if (actions) {
      const steps = planSteps(session, actions)
      observer.stepCompleted({ number, conclusion: 'success' })
      return steps
    }
  } catch (error) {
    session.feed.error(number, failureLine(session, error))
  }
  if (session.status === 'success') session.status = 'failure'
  observer.stepCompleted({ number, conclusion: 'failure' })
  return []
}

/** Ends every process of the job that still runs. Returns the ids of those found by the job's tracking id. */
async function endProcesses(session: JobSession): Promise<number[]> {
  const ended = await killTrackedProcesses(session.trackingId)
  for (const groupId of session.groupIds) {
    // The leader was waited for. A process that has its number now is another one, and the group is not the job's.
    if (groupAlive(groupId) && !processExists(groupId)) signalGroup(groupId, 'SIGKILL')
  }
  session.groupIds.clear()
  return ended
}
