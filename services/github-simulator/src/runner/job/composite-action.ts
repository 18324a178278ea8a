import type { ActionManifest } from '../action/manifest.ts'
import type { ResolvedAction } from '../action/resolve.ts'
import { evaluateCondition, interpolate, interpolateAll, type JobStatus } from '../expression/evaluate.ts'
import type { JobConclusion } from '../ports.ts'
import type { Step } from '../workflow-definition.ts'
import { actionName } from './action-name.ts'
import { type Frame, type StepRecord, stepScope } from './contexts.ts'
import { describeFailure } from './failure.ts'
import type { BodyResult, Post, StepRun } from './step-process.ts'

interface CompositeSteps {
  outputs?: ActionManifest['outputs']
  steps: readonly Step[]
}

/**
 * Runs the steps of a composite action inside the step that uses it: their lines go to its log, they have no record of their own
 * (so their names are never shown), and their posts become one post of the using step.
 */
export async function runComposite(
  run: StepRun,
  composite: CompositeSteps,
  action: ResolvedAction,
  inputs: Readonly<Record<string, string>>,
): Promise<BodyResult> {
  const posts: Post[] = []
  let status: JobStatus = 'success'
  const frame: Frame = {
    steps: new Map(),
    inputs,
    environment: ownEnvironment(run),
    actionPath: action.directory,
    depth: run.frame.depth + 1,
    status: () => (run.signal.aborted ? 'cancelled' : status),
  }
  const registerPost = (post: Post) => {
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
    outputs[name] = interpolate(output?.value ?? '', scope)
  }
  if (run.signal.aborted) return { result: 'aborted', outputs }
  return { result: status === 'success' ? 'success' : 'failure', outputs }
}

/** What the using step's own `env:` adds; the rest is read again for each inner step, since GITHUB_ENV may change it. */
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
    session.feed.error(given.stepNumber, describeFailure(session, error))
    return record('failure', step)
  }
  const body = await run.runNested(run)
  return { ...record(body.result === 'aborted' ? 'cancelled' : body.result, step), outputs: body.outputs }
}

function record(outcome: JobConclusion, step: Step): StepRecord {
  const forgiven = outcome === 'failure' && step['continue-on-error'] === true
  return { outputs: {}, outcome, conclusion: forgiven ? 'success' : outcome }
}

async function runPosts(posts: readonly Post[], execution: Parameters<Post['run']>[0]): Promise<BodyResult> {
  let result: BodyResult['result'] = 'success'
  for (const post of posts.toReversed()) {
    const body = await post.run(execution)
    if (body.result !== 'success') result = body.result
  }
  return { result, outputs: {} }
}
