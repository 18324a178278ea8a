import { randomUUID } from 'node:crypto'
import type { Logger } from '@forkproof/infra/log'
import type { ActionsRoot } from '../action/resolve-action.ts'
import type { JobStatus } from '../expression/evaluate-expression.ts'
import { SecretMasker } from '../masking/secret-masker.ts'
import { LogFeed } from '../output/log-feed.ts'
import type { KillGrace } from '../process/process-group.ts'
import type { JobAssignment, JobObserver } from '../runner-port.ts'
import type { JobDefinition } from '../workflow-definition.ts'
import type { JobCancellation } from './job-cancellation.ts'
import type { JobDirectories } from './job-directories.ts'

export interface RunnerSettings {
  workRoot: string
  nodePath: string
  actionsRoot: ActionsRoot
  /** PATH of every step, before what GITHUB_PATH adds. */
  basePath: string
  grace: KillGrace
  cancelledJobMs: number
  log: Logger
}

/** Everything that lives as long as one job. Changed only by the steps, which run one after the other. */
export interface JobSession {
  readonly settings: RunnerSettings
  readonly assignment: JobAssignment
  readonly job: JobDefinition
  readonly runnerName: string
  readonly directories: JobDirectories
  readonly cancellation: JobCancellation
  readonly observer: JobObserver
  readonly masker: SecretMasker
  readonly feed: LogFeed
  readonly trackingId: string
  readonly orchestrationId: string
  /** Environment of workflow and job, then whatever GITHUB_ENV added. */
  readonly environment: Map<string, string>
  readonly prependedPaths: string[]
  readonly groupIds: Set<number>
  /** Names given to GITHUB_ACTION so far: a second `__run` becomes `__run_2`. */
  readonly actionNames: Map<string, number>
  readonly secrets: Readonly<Record<string, string>>
  status: JobStatus
}

interface JobSessionDeps {
  settings: RunnerSettings
  assignment: JobAssignment
  job: JobDefinition
  runnerName: string
  directories: JobDirectories
  cancellation: JobCancellation
  observer: JobObserver
}

/** Gathers the state of a new job and registers what must never be shown. */
export function createJobSession(deps: JobSessionDeps): JobSession {
  const { assignment } = deps
  const token = assignment.githubContext['token']
  const secrets = { ...(typeof token === 'string' && { GITHUB_TOKEN: token }), ...assignment.secrets }
  const masker = new SecretMasker()
  const hidden = [...Object.values(secrets), assignment.runtimeToken, assignment.idTokenRequest?.token ?? '']
  if (typeof token === 'string') hidden.push(token)
  for (const secret of hidden) masker.add(secret)
  return {
    ...deps,
    masker,
    feed: new LogFeed(deps.observer, masker),
    trackingId: `github_${randomUUID()}`,
    orchestrationId: `${randomUUID()}.${assignment.jobKey}.__default`,
    environment: new Map(),
    prependedPaths: [],
    groupIds: new Set(),
    actionNames: new Map(),
    secrets,
    status: 'success',
  }
}
