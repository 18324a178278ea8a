import { AdmittedRun } from '@forkproof/contracts/access'
import { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { AppError, isErrorCode } from '@forkproof/contracts/errors'
import { BuildId, ProjectId } from '@forkproof/contracts/ids'
import {
  type AwaitChange,
  awaitChangeUpdate,
  type BuildWorkflow,
  buildSearchAttributes,
  buildTaskQueue,
  buildWaitMsMax,
  buildWorkflow,
  buildWorkflowId,
  type ConnectPlatform,
  connectUpdate,
  denySignal,
  finishSignal,
  stateQuery,
} from '@forkproof/workflows/builds/api'
import {
  ApplicationFailure,
  Client,
  QueryRejectedError,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { z } from 'zod'
import type { Builds } from './ports.ts'

const callTimeoutMs = 5_000
/** Past a wait's own end, for the answer. */
const waitSlackMs = 5_000
const retryAfterSeconds = 2
/** Past the build's own end, for teardown and receipts; then Temporal ends what hangs. */
const executionSlackMs = 600_000
const runningMax = 200
/** A project has at most 100 relationships with at most 100 builds each. */
const ofProjectMax = 10_000
const listTimeoutMs = 15_000
/** Newer than any version that was ever shown. */
const lastVersion = Number.MAX_SAFE_INTEGER

const Memo = z.object({ projectId: ProjectId, expiresAtMs: z.int() })

/** Queries of closed workflows are rejected: those of a workflow that was cut off would tell of old times. */
export const clientOfBuilds = ({ connection, options }: Client): Client =>
  new Client({ connection, namespace: options.namespace, workflow: { queryRejectCondition: 'NOT_OPEN' } })

/** Builds as workflows, by a client that rejects queries of closed ones. */
export function temporalBuilds(client: Client): Builds {
  const handle = (buildId: BuildId) => client.workflow.getHandle<BuildWorkflow>(buildWorkflowId(buildId))
  const bounded = <T>(ms: number, work: () => Promise<T>) => client.withDeadline(Date.now() + ms, work)
  const lastState = (buildId: BuildId) => bounded(callTimeoutMs, () => stateOfClosed(handle(buildId), buildId))
  const update = async (buildId: BuildId, name: string, asked: AwaitChange | ConnectPlatform): Promise<BuildState> => {
    try {
      const ask = () => handle(buildId).executeUpdate<unknown, [typeof asked]>(name, { args: [asked] })
      return BuildState.parse(await bounded(asked.waitMs + waitSlackMs, ask))
    } catch (error) {
      if (isRejection(error)) throw error
      // Not there, or over before or while it was asked.
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError)
        return lastState(buildId)
      throw error
    }
  }
  return {
    start: (order, signal) =>
      mapped(() =>
        client.withAbortSignal(signal, () =>
          bounded(buildWaitMsMax + waitSlackMs, () => startBuildWorkflow(client, order)),
        ),
      ),
    state: buildId =>
      mapped(async () => {
        try {
          return BuildState.parse(await bounded(callTimeoutMs, () => handle(buildId).query<unknown>(stateQuery)))
        } catch (error) {
          if (error instanceof QueryRejectedError) return lastState(buildId)
          throw error
        }
      }),
    awaitChange: (buildId, knownVersion, waitMs) =>
      mapped(() => update(buildId, awaitChangeUpdate, { knownVersion, waitMs })),
    connect: (buildId, wish, waitMs) => mapped(() => update(buildId, connectUpdate, { ...wish, waitMs })),
    finish: (buildId, result) =>
      mapped(async () => {
        try {
          await bounded(callTimeoutMs, () => handle(buildId).signal(finishSignal, { result }))
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error
          await bounded(callTimeoutMs, () => handle(buildId).describe())
        }
      }),
    deny: buildId =>
      mapped(async () => {
        try {
          await bounded(callTimeoutMs, () => handle(buildId).signal(denySignal))
        } catch (error) {
          // Over already, or never there: nothing of it runs.
          if (!(error instanceof WorkflowNotFoundError)) throw error
        }
      }),
    ofProject: projectId => mapped(() => bounded(listTimeoutMs, () => ofProject(client, projectId))),
    projectOf: buildId =>
      mapped(async () => Memo.parse((await bounded(callTimeoutMs, () => handle(buildId).describe())).memo).projectId),
    running: relationshipId => mapped(() => bounded(callTimeoutMs, () => running(client, relationshipId))),
  }
}

async function startBuildWorkflow(client: Client, order: BuildSpec): Promise<BuildState> {
  const { run } = order
  const startWorkflowOperation = new WithStartWorkflowOperation<BuildWorkflow>(buildWorkflow, {
    taskQueue: buildTaskQueue,
    workflowId: buildWorkflowId(order.buildId),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    workflowExecutionTimeout: order.expiresAtMs - order.createdAtMs + executionSlackMs,
    args: [order],
    memo: { projectId: order.projectId, expiresAtMs: order.expiresAtMs, run },
    typedSearchAttributes: [
      { key: buildSearchAttributes.repository, value: run.repository },
      { key: buildSearchAttributes.runId, value: run.runId },
      { key: buildSearchAttributes.project, value: order.projectId },
      { key: buildSearchAttributes.relationship, value: order.relationshipId },
      { key: buildSearchAttributes.state, value: 'confirming' },
    ],
    staticSummary: `${order.builderClass} build of ${run.repository} run ${run.runId} for ${order.projectId}`,
  })
  const asked: AwaitChange = { knownVersion: 0, waitMs: buildWaitMsMax, leaving: 'confirming' }
  return BuildState.parse(
    await client.workflow.executeUpdateWithStart<BuildWorkflow, unknown, [AwaitChange]>(awaitChangeUpdate, {
      args: [asked],
      startWorkflowOperation,
    }),
  )
}

type WorkflowOfBuild = ReturnType<Client['workflow']['getHandle']>

/** The result, or for a workflow that operators or a timeout cut off, an end without one. */
async function stateOfClosed(
  handle: Pick<WorkflowOfBuild, 'result' | 'describe'>,
  buildId: BuildId,
): Promise<BuildState> {
  try {
    return BuildState.parse(await handle.result())
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    const { expiresAtMs } = Memo.parse((await handle.describe()).memo)
    const end = { phase: 'ended', outcome: 'failed', reason: 'internal_error' } as const
    return { buildId, version: lastVersion, ...end, expiresAtMs, platforms: [] }
  }
}

async function running(client: Client, relationshipId: string): Promise<readonly BuildId[]> {
  const { relationship, state } = buildSearchAttributes
  // A build that only waits for its last receipts uses no slot. The status is part of the query because a workflow
  // that was cut off keeps its last state.
  const query = [
    `WorkflowType = '${buildWorkflow}' AND ${relationship.name} = '${relationshipId}'`,
    `AND ${state.name} IN ('confirming', 'active') AND ExecutionStatus = 'Running'`,
  ].join(' ')
  const found: BuildId[] = []
  const prefix = buildWorkflowId('' as BuildId)
  for await (const { workflowId } of client.workflow.list({ query, pageSize: runningMax })) {
    const buildId = BuildId.safeParse(workflowId.slice(prefix.length))
    if (buildId.success) found.push(buildId.data)
    if (found.length >= runningMax) break
  }
  return found
}

async function ofProject(client: Client, projectId: ProjectId) {
  const { project } = buildSearchAttributes
  const query = `WorkflowType = '${buildWorkflow}' AND ${project.name} = '${projectId}' AND ExecutionStatus = 'Running'`
  const found: { buildId: BuildId; run?: AdmittedRun }[] = []
  const prefix = buildWorkflowId('' as BuildId)
  for await (const { workflowId, memo } of client.workflow.list({ query, pageSize: runningMax })) {
    const buildId = BuildId.safeParse(workflowId.slice(prefix.length))
    const run = AdmittedRun.safeParse(memo?.['run'])
    if (buildId.success) found.push({ buildId: buildId.data, ...(run.success && { run: run.data }) })
    if (found.length >= ofProjectMax) break
  }
  return found
}

/** The workflow's validator said no, with one of our codes as the failure's type. */
const isRejection = (error: unknown): error is WorkflowUpdateFailedError & { cause: ApplicationFailure } =>
  error instanceof WorkflowUpdateFailedError &&
  error.cause instanceof ApplicationFailure &&
  isErrorCode(error.cause.type ?? '')

async function mapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw buildErrorOf(error)
  }
}

/** An answer of the wrong shape will not get better by asking again; what is not known to be final may. */
function buildErrorOf(error: unknown): AppError {
  if (error instanceof WorkflowNotFoundError) return new AppError('build_not_found')
  if (isRejection(error) && isErrorCode(error.cause.type ?? '')) {
    const code = error.cause.type as AppError['code']
    return new AppError(code, { detail: error.cause.message })
  }
  if (error instanceof z.ZodError) return new AppError('internal_error', { cause: error })
  return new AppError('temporarily_unavailable', { cause: error, retryAfterSeconds })
}
