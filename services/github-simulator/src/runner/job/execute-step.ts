import { type ExpressionScope, evaluateCondition, interpolateAll } from '../expression/evaluate-expression.ts'
import type { JobConclusion } from '../runner-port.ts'
import { actionName } from './action-name.ts'
import { startDisplayName } from './display-name.ts'
import { failureLine } from './failure-line.ts'
import type { JobSession } from './job-session.ts'
import { conditionOf, type PlannedStep } from './planned-step.ts'
import { runStepBody } from './step-body.ts'
import { type StepFrame, stepScope } from './step-contexts.ts'
import type { BodyResult, PostAction, StepRun } from './step-process.ts'

interface StepEnd {
  outcome: JobConclusion
  outputs: Record<string, string>
}

/** Runs one step that has a record of its own: condition, display name, body, conclusion. */
export async function executeStep(
  session: JobSession,
  frame: StepFrame,
  planned: PlannedStep,
  stepNumber: number,
  registerPost: (post: PostAction) => void,
): Promise<void> {
  const { step } = planned
  session.observer.stepStarted({ number: stepNumber, name: session.feed.displayName(planned.name.text) })
  const { outcome, outputs } = await attempt(session, frame, planned, stepNumber, registerPost)
  const forgiven = outcome === 'failure' && planned.stage === 'main' && step['continue-on-error'] === true
  const conclusion = forgiven ? 'success' : outcome
  if (planned.stage === 'main' && step.id !== undefined) frame.steps.set(step.id, { outputs, outcome, conclusion })
  if (conclusion === 'failure' && session.status === 'success') session.status = 'failure'
  session.observer.stepCompleted({ number: stepNumber, conclusion })
}

async function attempt(
  session: JobSession,
  frame: StepFrame,
  planned: PlannedStep,
  stepNumber: number,
  registerPost: (post: PostAction) => void,
): Promise<StepEnd> {
  const { step } = planned
  const github = { action: actionName(session, step) }
  const stop = new AbortController()
  const run: Omit<StepRun, 'env'> = {
    session,
    frame,
    step,
    stepNumber,
    github,
    signal: stop.signal,
    registerPost,
    runNested,
  }
  try {
    const base = Object.fromEntries(session.environment)
    const env = { ...base, ...interpolateAll(step.env, stepScope(session, frame, base, github)) }
    const scope = () => stepScope(session, frame, env, github)
    if (!evaluateCondition(conditionOf(planned), scope())) return { outcome: 'skipped', outputs: {} }
    renameStep(session, planned, stepNumber, scope())
    const release = stopOnCancellation(session, planned, scope, stop)
    const timeout = stepTimeout(planned, stop)
    try {
      const body = await runStage({ ...run, env }, planned)
      return conclude(session, run, planned, body, timeout.expired())
    } finally {
      release()
      timeout.clear()
    }
  } catch (error) {
    session.feed.error(stepNumber, failureLine(session, error))
    return { outcome: 'failure', outputs: {} }
  }
}

function runNested(run: StepRun): Promise<BodyResult> {
  return runStepBody(run, { stage: 'main', state: new Map() })
}

function runStage(run: StepRun, planned: PlannedStep): Promise<BodyResult> {
  if (planned.stage === 'post') return planned.post.run(run)
  return runStepBody(run, { stage: planned.stage, action: planned.action, state: planned.state })
}

/**
 * The second evaluation of the name (docs/facts/github.md#step-names): after the step was marked as started, before
 * its body runs.
 */
function renameStep(session: JobSession, planned: PlannedStep, stepNumber: number, scope: ExpressionScope): void {
  if (planned.stage !== 'main' || planned.name.final) return
  try {
    const name = startDisplayName(planned.step, scope)
    planned.name = { text: name, final: true }
    session.observer.stepRenamed({ number: stepNumber, name: session.feed.displayName(name) })
  } catch (error) {
    session.feed.warning(
      stepNumber,
      `Encountered an error when evaluating display name. ${failureLine(session, error)}`,
    )
  }
}

/** On cancellation the condition is evaluated again with the new status. If it does not hold, the step is stopped. */
function stopOnCancellation(
  session: JobSession,
  planned: PlannedStep,
  scope: () => ExpressionScope,
  stop: AbortController,
): () => void {
  const { cancelled, forced } = session.cancellation
  const onCancelled = () => {
    if (!holds(planned, scope)) stop.abort()
  }
  const onForced = () => stop.abort()
  if (forced.aborted) stop.abort()
  cancelled.addEventListener('abort', onCancelled)
  forced.addEventListener('abort', onForced)
  return () => {
    cancelled.removeEventListener('abort', onCancelled)
    forced.removeEventListener('abort', onForced)
  }
}

function holds(planned: PlannedStep, scope: () => ExpressionScope): boolean {
  try {
    return evaluateCondition(conditionOf(planned), scope())
  } catch {
    return false
  }
}

function stepTimeout(planned: PlannedStep, stop: AbortController): { expired(): boolean; clear(): void } {
  const minutes = planned.stage === 'main' ? planned.step['timeout-minutes'] : undefined
  let expired = false
  const timer =
    minutes === undefined
      ? undefined
      : setTimeout(() => {
          expired = !stop.signal.aborted
          stop.abort()
        }, minutes * 60_000)
  return { expired: () => expired, clear: () => clearTimeout(timer) }
}

function conclude(
  session: JobSession,
  run: Omit<StepRun, 'env'>,
  planned: PlannedStep,
  body: BodyResult,
  timedOut: boolean,
): StepEnd {
  const { outputs } = body
  if (body.result !== 'aborted') return { outcome: body.result, outputs }
  if (timedOut) {
    const minutes = planned.step['timeout-minutes']
    session.feed.error(run.stepNumber, `The action '${planned.name.text}' has timed out after ${minutes} minutes.`)
    return { outcome: 'failure', outputs }
  }
  if (session.cancellation.timedOut()) {
    const minutes = session.job['timeout-minutes']
    session.feed.error(run.stepNumber, `The job has exceeded the maximum execution time of ${minutes} minutes.`)
  }
  session.feed.error(run.stepNumber, 'The operation was canceled.')
  return { outcome: 'cancelled', outputs }
}
