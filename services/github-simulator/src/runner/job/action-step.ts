import { evaluateInputs } from '../action/action-inputs.ts'
import { ActionError } from '../action/action-manifest.ts'
import type { ResolvedAction } from '../action/resolve-action.ts'
import { compositeDepthMax } from '../runner-limits.ts'
import { runComposite } from './composite-action.ts'
import { type ActionUse, runActionStage } from './javascript-action.ts'
import { printEnvironment } from './script-step.ts'
import { stepScope } from './step-contexts.ts'
import type { BodyResult, StepRun } from './step-process.ts'

/** Runs the `pre` or `main` stage of a step that uses an action; main brings the action's post with it, once. */
export async function runActionStep(
  run: StepRun,
  action: ResolvedAction,
  stage: 'pre' | 'main',
  state: Map<string, string>,
): Promise<BodyResult> {
  const { session, stepNumber } = run
  const scope = stepScope(session, run.frame, run.env, run.github)
  const inputs = evaluateInputs(run.step, action.manifest, scope)
  for (const warning of inputs.warnings) session.feed.warning(stepNumber, warning)
  printAction(run, inputs.values)
  const { runs } = action.manifest
  if (runs.using === 'composite') {
    if (run.frame.depth >= compositeDepthMax) throw new ActionError(`Composite actions are nested too deeply.`)
    return runComposite(run, { ...action.manifest, steps: runs.steps }, action, inputs.values)
  }
  if (action.local && runs.pre !== undefined) {
    session.feed.warning(stepNumber, `\`pre\` execution is not supported for local action from '${run.step.uses}'`)
  }
  const use: ActionUse = { action, runs, inputs: inputs.values, state }
  registerPost(run, use)
  return runActionStage(run, use, stage)
}

function registerPost(run: StepRun, use: ActionUse): void {
  if (use.runs.post === undefined) return
  const { session, github } = run
  run.registerPost({
    condition: use.runs['post-if'] ?? 'always()',
    run: execution => {
      session.feed.write(execution.stepNumber, 'Post job cleanup.')
      // GitHub's runner evaluates inputs for each stage, so a default of `job.status` says how the job stands then.
      const scope = stepScope(session, run.frame, execution.env, github)
      const inputs = evaluateInputs(run.step, use.action.manifest, scope).values
      return runActionStage({ session, github, ...execution }, { ...use, inputs }, 'post')
    },
  })
}

function printAction(run: StepRun, inputs: Readonly<Record<string, string>>): void {
  const { feed } = run.session
  feed.write(run.stepNumber, `##[group]Run ${run.step.uses}`)
  const shown = Object.entries(inputs).filter(([, value]) => value !== '')
  if (shown.length > 0) feed.write(run.stepNumber, 'with:')
  for (const [name, value] of shown) feed.write(run.stepNumber, `  ${name}: ${value}`)
  printEnvironment(run)
  feed.write(run.stepNumber, '##[endgroup]')
}
