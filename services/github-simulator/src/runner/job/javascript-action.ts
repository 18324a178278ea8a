import path from 'node:path'
import { inputVariables } from '../action/action-inputs.ts'
import { ActionError, type NodeRuns } from '../action/action-manifest.ts'
import type { ResolvedAction } from '../action/resolve-action.ts'
import { type BodyResult, runStepProgram, type StepRun } from './step-process.ts'

type StageRun = Pick<StepRun, 'session' | 'stepNumber' | 'env' | 'github' | 'signal'>

export interface ActionUse {
  action: ResolvedAction
  runs: NodeRuns
  inputs: Readonly<Record<string, string>>
  /** Shared by the stages of one use of the action: GITHUB_STATE of one is STATE_* of the next. */
  state: Map<string, string>
}

/** Runs one stage of a JavaScript action. An exit code other than 0 fails it; the action itself says why. */
export async function runActionStage(
  run: StageRun,
  use: ActionUse,
  stage: 'pre' | 'main' | 'post',
): Promise<BodyResult> {
  const entry = use.runs[stage]
  if (entry === undefined) return { result: 'success', outputs: {} }
  const script = path.resolve(use.action.directory, entry)
  const inside = path.relative(use.action.directory, script)
  if (inside.startsWith('..') || path.isAbsolute(inside))
    throw new ActionError(`\`${stage}\` is not within the action.`)
  const state = [...use.state].map(([name, value]) => [`STATE_${name}`, value] as const)
  const { result, outputs } = await runStepProgram(run, {
    file: run.session.settings.nodePath,
    args: [script],
    directory: run.session.directories.workspace,
    variables: { ...inputVariables(use.inputs), ...Object.fromEntries(state) },
    javascript: true,
    state: use.state,
  })
  return { result, outputs }
}
