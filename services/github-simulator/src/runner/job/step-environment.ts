import path from 'node:path'
import type { JobSession } from './job-session.ts'
import { githubValues, runnerFacts, type StepGithubValues } from './step-contexts.ts'

/**
 * Members of the `github` context that become GITHUB_<UPPER> (docs/facts/github.md#environment-of-a-job).
 * The token is not among them.
 */
const githubVariables = [
  'action',
  'action_path',
  'action_ref',
  'action_repository',
  'actor',
  'actor_id',
  'api_url',
  'base_ref',
  'env',
  'event_name',
  'event_path',
  'graphql_url',
  'head_ref',
  'job',
  'output',
  'path',
  'ref',
  'ref_name',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'retention_days',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'state',
  'step_summary',
  'triggering_actor',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'workspace',
] as const

interface EnvironmentRequest {
  env: Readonly<Record<string, string>>
  github: StepGithubValues
  /** INPUT_* and STATE_* of an action. */
  variables: Readonly<Record<string, string>>
  /** Only JavaScript actions get the runtime token; `run` steps never do (docs/facts/github.md#runtime-token). */
  javascript: boolean
}

/**
 * The whole environment of one process. Nothing of the simulator's own environment goes into it.
 * What the runner itself sets comes last, so neither `env:` nor GITHUB_ENV can pretend to be another run.
 */
export function stepEnvironment(session: JobSession, request: EnvironmentRequest): Record<string, string> {
  const base = { HOME: session.directories.home, CI: 'true' }
  return {
    ...base,
    ...request.env,
    ...request.variables,
    PATH: searchPath(session, request.env['PATH']),
    ...githubEnvironment(session, request.github),
    ...runnerEnvironment(session),
    ...idTokenEnvironment(session),
    ...(request.javascript && runtimeEnvironment(session)),
  }
}

/** PATH of a process: what GITHUB_PATH added, latest first, then the step's own PATH or the runner's. */
export function searchPath(session: JobSession, given: string | undefined): string {
  const base = given ?? [session.directories.bin, session.settings.basePath].join(path.delimiter)
  return [...session.prependedPaths.toReversed(), base].join(path.delimiter)
}

function githubEnvironment(session: JobSession, step: StepGithubValues): Record<string, string> {
  const values = githubValues(session, step)
  const known = githubVariables.flatMap(name => {
    const value = values[name]
    return value === undefined || value === null ? [] : [[`GITHUB_${name.toUpperCase()}`, String(value)] as const]
  })
  return { GITHUB_ACTIONS: 'true', ...Object.fromEntries(known) }
}

function runnerEnvironment(session: JobSession): Record<string, string> {
  const facts = Object.entries(runnerFacts(session)).map(([name, value]) => [`RUNNER_${name.toUpperCase()}`, value])
  return { ...Object.fromEntries(facts), RUNNER_TRACKING_ID: session.trackingId }
}

function idTokenEnvironment(session: JobSession): Record<string, string> {
  const request = session.assignment.idTokenRequest
  if (!request) return {}
  return { ACTIONS_ID_TOKEN_REQUEST_URL: request.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: request.token }
}

function runtimeEnvironment(session: JobSession): Record<string, string> {
  const { resultsUrl, runtimeToken } = session.assignment
  const origin = resultsUrl.endsWith('/') ? resultsUrl : `${resultsUrl}/`
  return {
    ACTIONS_RUNTIME_URL: origin,
    ACTIONS_RUNTIME_TOKEN: runtimeToken,
    ACTIONS_RESULTS_URL: origin,
    ACTIONS_ORCHESTRATION_ID: session.orchestrationId,
  }
}
