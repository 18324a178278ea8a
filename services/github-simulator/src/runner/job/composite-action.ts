import type { ActionManifest } from '../action/action-manifest.ts'
import type { ResolvedAction } from '../action/resolve-action.ts'
import {
  evaluateCondition,
  interpolateAll,
  interpolateText,
  type JobStatus,
} from '../expression/evaluate-expression.ts'
import type { JobConclusion } from '../runner-port.ts'
import type { StepDefinition } from '../workflow-definition.ts'
import { actionName } from './action-name.ts'
import { failureLine } from './failure-line.ts'
import { type StepFrame, type StepRecord, stepScope } from './step-contexts.ts'
import type { BodyResult, PostAction, StepRun } from './step-process.ts'

interface CompositeSteps {
  outputs?: ActionManifest['outputs']
  steps: readonly StepDefinition[]
}

/**
 * Runs the steps of a composite action inside the step that uses it. Their lines go to that step's log. They have no
 * record of their own, so their names are never shown (docs/facts/github.md#step-names). Their posts become one post of
 * the using step.
 */
export async function runComposite(
  run: StepRun,
  composite: CompositeSteps,
  action: ResolvedAction,
  inputs: Readonly<Record<string, string>>,
): Promise<BodyResult> {
  const posts: PostAction[] = []
  let status: JobStatus = 'success'
  const frame: StepFrame = {
    steps: new Map(),
    inputs,
    environment: ownEnvironment(run),
    actionPath: action.directory,
    depth: run.frame.depth + 1,
    status: () => (run.signal.aborted ? 'cancelled' : status),
  }
  const registerPost = (post: PostAction) => {
    if (posts.length === 0) run.registerPost({ condition: 'always()', run: execution => runPosts(posts, execution) })
    posts.push(post)
  }
  const github = { ...run.github, action_path: action.directory }
  for (const step of composite.steps) {
    const inner = { ...run, frame, step, registerPost, github: { ...github, action: actionName(run.session, step) } }
    const record = await runEmbeddedStep(inner)
    if (step.id !== undefined) frame.steps.set(step.id, record)
    if (record.conclusion === 'failure') status = 'failure'
  }
  const scope = stepScope(run.session, frame, run.env, github)
  const outputs: Record<string, string> = {}
  for (const [name, output] of Object.entries(composite.outputs ?? {})) {
    outputs[name] = interpolateText(output?.value ?? '', scope)
  }
  if (run.signal.aborted) return { result: 'aborted', outputs }
  return { result: status === 'success' ? 'success' : 'failure', outputs }
}

/** What the using step's own `env:` adds. The rest is read for each inner step, since GITHUB_ENV may change it. */
function ownEnvironment(run: StepRun): Record<string, string> {
  const own = Object.entries(run.env).filter(([name, value]) => run.session.environment.get(name) !== value)
  return Object.fromEntries(own)
}

async function runEmbeddedStep(given: StepRun): Promise<StepRecord> {
  const { session, frame, step } = given
  const base = { ...Object.fromEntries(session.environment), ...frame.environment }
  let run = given
  try {
    const env = { ...base, ...interpolateAll(step.env, stepScope(session, frame, base, given.github)) }
    run = { ...given, env }
    if (!evaluateCondition(step.if, stepScope(session, frame, env, given.github))) return record('skipped', step)
  } catch (error) {
    session.feed.error(given.stepNumber, failureLine(session, error))
    return record('failure', step)
  }
  const body = await run.runNested(run)
  return { ...record(body.result === 'aborted' ? 'cancelled' : body.result, step), outputs: body.outputs }
}

function record(outcome: JobConclusion, step: StepDefinition): StepRecord {
  const forgiven = outcome === 'failure' && step['continue-on-error'] === true
  return { outputs: {}, outcome, conclusion: forgiven ? 'success' : outcome }
}

async function runPosts(
  posts: readonly PostAction[],
  execution: Parameters<PostAction['run']>[0],
): Promise<BodyResult> {
  let result: BodyResult['result'] = 'success'
  for (const post of posts.toReversed()) {
    const body = await post.run(execution)
    if (body.result !== 'success') result = body.result
  }
  return { result, outputs: {} }
}
