import { data } from '@actions/expressions'
import type { ExpressionScope, JobStatus } from '../expression/evaluate-expression.ts'
import { type ExpressionContexts, type ExpressionValue, toExpressionValue } from '../expression/expression-values.ts'
import type { JobConclusion } from '../runner-port.ts'
import type { JobSession } from './job-session.ts'

export interface StepRecord {
  outputs: Record<string, string>
  outcome: JobConclusion
  conclusion: JobConclusion
}

/** What the steps of one list share: the job's own list, or the list of one use of a composite action. */
export interface StepFrame {
  readonly steps: Map<string, StepRecord>
  readonly inputs: Readonly<Record<string, string>>
  /** Environment from the step that uses the composite action; empty for the job's own steps. */
  readonly environment: Readonly<Record<string, string>>
  /** Directory of the composite action. */
  readonly actionPath?: string
  readonly depth: number
  status(): JobStatus
}

/** Values of the `github` context that change from step to step. */
export type StepGithubValues = Readonly<Record<string, string | undefined>>

/** The `github` context as plain values, without `event`. Later sources win. */
export function githubValues(session: JobSession, step: StepGithubValues): Record<string, unknown> {
  const { assignment, directories } = session
  return {
    ...assignment.githubContext,
    job: assignment.jobKey,
    server_url: assignment.serverUrl,
    api_url: assignment.apiUrl,
    graphql_url: assignment.githubContext['graphql_url'] ?? `${assignment.apiUrl}/graphql`,
    workspace: directories.workspace,
    event_path: directories.eventFile,
    ...step,
  }
}

/** The scope in which a step's texts are evaluated. `env` is the step's env context so far. */
export function stepScope(
  session: JobSession,
  frame: StepFrame,
  env: Readonly<Record<string, string>>,
  github: StepGithubValues = {},
): ExpressionScope {
  const contexts: ExpressionContexts = {
    ...jobContexts(session),
    github: githubDictionary(session, github),
    env: toExpressionValue(env),
    steps: toExpressionValue(Object.fromEntries(frame.steps)),
    inputs: toExpressionValue(frame.inputs),
    runner: runnerContext(session),
    job: jobContext(session),
  }
  return { contexts, status: frame.status() }
}

/** The scope before any step: no steps, no env, no runner. */
export function initialScope(session: JobSession): ExpressionScope {
  return { contexts: { ...jobContexts(session), github: githubDictionary(session, {}) }, status: session.status }
}

function jobContexts(session: JobSession): ExpressionContexts {
  const { assignment, job, secrets } = session
  const needs = Object.entries(assignment.needsOutputs)
  return {
    matrix: toExpressionValue(assignment.matrix),
    needs: toExpressionValue(Object.fromEntries(needs)),
    secrets: toExpressionValue(secrets),
    strategy: toExpressionValue({ 'fail-fast': true, 'max-parallel': job.strategy?.['max-parallel'] ?? 1 }),
  }
}

const eventValues = new WeakMap<JobSession, ExpressionValue>()

function githubDictionary(session: JobSession, step: StepGithubValues): data.Dictionary {
  const event = eventValues.get(session) ?? toExpressionValue(session.assignment.githubContext['event'] ?? {})
  eventValues.set(session, event)
  const pairs = Object.entries(githubValues(session, step)).filter(([name]) => name !== 'event')
  return new data.Dictionary(...pairs.map(([key, value]) => ({ key, value: toExpressionValue(value) })), {
    key: 'event',
    value: event,
  })
}

function runnerContext(session: JobSession): ExpressionValue {
  return toExpressionValue(runnerFacts(session))
}

function jobContext(session: JobSession): ExpressionValue {
  const { githubContext: github, jobId } = session.assignment
  const reference = github['workflow_ref']
  const [file = '', ...ref] = typeof reference === 'string' ? reference.split('@') : []
  return toExpressionValue({
    status: session.status,
    check_run_id: jobId,
    workflow_ref: reference,
    workflow_sha: github['workflow_sha'],
    workflow_repository: github['repository'],
    ...(ref.length > 0 && { workflow_file_path: file.split('/').slice(2).join('/') }),
  })
}

const architectures: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'X64',
  arm64: 'ARM64',
  arm: 'ARM',
  ia32: 'X86',
}

/** The `runner` context, which is also RUNNER_* of every step. */
export function runnerFacts(session: JobSession): Record<string, string> {
  const { directories } = session
  return {
    os: process.platform === 'darwin' ? 'macOS' : 'Linux',
    arch: architectures[process.arch] ?? process.arch,
    name: session.runnerName,
    environment: 'github-hosted',
    temp: directories.temp,
    tool_cache: directories.toolCache,
    workspace: directories.pipeline,
    ...(session.secrets['ACTIONS_STEP_DEBUG'] === 'true' && { debug: '1' }),
  }
}
