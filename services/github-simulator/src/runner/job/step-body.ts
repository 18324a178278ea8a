import { type ResolvedAction, resolveAction } from '../action/resolve-action.ts'
import { runActionStep } from './action-step.ts'
import { failureLine } from './failure-line.ts'
import { runScript } from './script-step.ts'
import type { StepGithubValues } from './step-contexts.ts'
import type { BodyResult, StepRun } from './step-process.ts'

interface ActionStage {
  stage: 'pre' | 'main'
  /** Resolved when the job was set up; a local action is looked for when its step runs. */
  action?: ResolvedAction | undefined
  state: Map<string, string>
}

/** Runs the body of a step. What cannot be evaluated, found or started is a line in the log and a failed step. */
export async function runStepBody(run: StepRun, stage: ActionStage): Promise<BodyResult> {
  try {
    if (run.step.run !== undefined) return await runScript(run)
    const { settings, directories } = run.session
    const uses = run.step.uses ?? ''
    const action = stage.action ?? (await resolveAction(uses, settings.actionsRoot, directories.workspace))
    return await runActionStep(
      { ...run, github: { ...run.github, ...actionIdentity(action) } },
      action,
      stage.stage,
      stage.state,
    )
  } catch (error) {
    run.session.feed.error(run.stepNumber, failureLine(run.session, error))
    return { result: 'failure', outputs: {} }
  }
}

function actionIdentity(action: ResolvedAction): StepGithubValues {
  if (action.repository === undefined) return {}
  return { action_repository: action.repository, action_ref: action.ref }
}
