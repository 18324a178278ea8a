import { fileURLToPath } from 'node:url'
import type { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { BuilderCommand, BuilderEvent } from '@forkproof/contracts/events'
import type { RunInspection } from '@forkproof/contracts/inspection'
import {
  type AwaitChange,
  awaitChangeUpdate,
  type BuildWorkflow,
  builderEventSignal,
  buildTaskQueue,
  buildWorkflow,
  buildWorkflowId,
  type ConnectPlatform,
  connectUpdate,
  type Finish,
  finishSignal,
  stateQuery,
} from '@forkproof/workflows/builds/api'
import type { CommandActivities, InspectActivities } from '@forkproof/workflows/builds/ports'
import { eventsOf } from '@forkproof/workflows/builds/testing/sample-build'
import { githubTaskQueue } from '@forkproof/workflows/task-queues'
import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import type { TemporalHarness } from './temporal-harness.ts'

export const runningRun: RunInspection = {
  outcome: 'running',
  event: 'pull_request',
  headRef: 'main',
  workflowPath: '.github/workflows/ci.yml',
  repositoryId: '74',
  attempt: '1',
}

const heartbeatMs = 500
/** WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND of Temporal's API. */
const unhandledCommand = 1

/** Runs until the activity is cancelled, like the real watch. Rejects with Temporal's own error. */
export async function untilCancelled(): Promise<never> {
  const context = Context.current()
  const heart = setInterval(() => context.heartbeat(), heartbeatMs)
  try {
    return await context.cancelled
  } finally {
    clearInterval(heart)
  }
}

/** Starts a builder at once and destroys it when told. The default of a scripted build. */
export const willingNode = async (command: BuilderCommand, build: ScriptedBuild): Promise<void> => {
  const from = eventsOf(command.data)
  if (command.type === 'forkproof.builder.requested.v1') await build.signal(from.accepted(), from.ready())
  else await build.signal(from.destroyed(command.data.reason))
}

export const silentNode = async (): Promise<void> => undefined

/** Starts a builder at once and does not answer the command to destroy it. */
export const clingingNode = (command: BuilderCommand, build: ScriptedBuild): Promise<void> =>
  command.type === 'forkproof.builder.released.v1' ? silentNode() : willingNode(command, build)

/** One build against scripted activities. */
export class ScriptedBuild {
  readonly spec: BuildSpec
  readonly commands: BuilderCommand[] = []
  inspect: InspectActivities['inspectRun'] = async () => runningRun
  watch: InspectActivities['watchRun'] = untilCancelled
  /** Answers after the command is stored, like a real node. A failure here does not fail the command. */
  node: (command: BuilderCommand, build: ScriptedBuild) => Promise<void> = willingNode
  /** Called before a command is stored. */
  beforeStored: () => Promise<void> = async () => undefined
  isStarted = false
  readonly #client: Client

  constructor(order: BuildSpec, client: Client) {
    this.spec = order
    this.#client = client
  }

  get handle() {
    return this.#client.workflow.getHandle<BuildWorkflow>(buildWorkflowId(this.spec.buildId))
  }

  async start(): Promise<this> {
    await this.#client.workflow.start<BuildWorkflow>(buildWorkflow, {
      taskQueue: buildTaskQueue,
      workflowId: buildWorkflowId(this.spec.buildId),
      args: [this.spec],
    })
    this.isStarted = true
    return this
  }

  async signal(...events: BuilderEvent[]): Promise<void> {
    for (const event of events) await this.handle.signal(builderEventSignal, event)
  }

  finish(result: Finish['result'] = 'success'): Promise<void> {
    return this.handle.signal(finishSignal, { result } satisfies Finish)
  }

  awaitChange(asked: AwaitChange): Promise<BuildState> {
    return this.handle.executeUpdate(awaitChangeUpdate, { args: [asked] })
  }

  connect(asked: ConnectPlatform): Promise<BuildState> {
    return this.handle.executeUpdate(connectUpdate, { args: [asked] })
  }

  readState = (): Promise<BuildState> => this.handle.query(stateQuery)

  /** Long polls until the state fits. The test's time limit bounds it. */
  async until(fits: (state: BuildState) => boolean): Promise<BuildState> {
    for (let knownVersion = 0; ; ) {
      const state = await this.awaitChange({ knownVersion, waitMs: 20_000 })
      if (fits(state)) return state
      knownVersion = state.version
    }
  }

  isReady = (): Promise<BuildState> => this.until(state => state.platforms.every(one => one.state === 'ready'))

  result(): Promise<BuildState> {
    return this.handle.result()
  }

  /** Events that a node would send for the newest request. */
  get newestEvents() {
    const command = this.commands.findLast(({ type }) => type === 'forkproof.builder.requested.v1')
    if (!command) throw new Error('nothing was requested')
    return eventsOf(command.data)
  }

  get kinds(): string[] {
    return this.commands.map(command => command.type.split('.')[2] ?? '')
  }
}

/** Workers on a real Temporal server whose activities are scripted. They find each build by its id or its run. */
export async function openScriptedBuildHarness(temporal: TemporalHarness) {
  const builds: ScriptedBuild[] = []
  const byRun = (runId: string) => {
    const found = builds.find(({ spec: order }) => order.run.runId === runId)
    if (!found) throw new Error(`no build of run ${runId}`)
    return found
  }
  const publishCommand: CommandActivities['publishCommand'] = async command => {
    const build = builds.find(({ spec: order }) => order.buildId === command.data.buildId)
    if (!build) throw new Error('no such build')
    await build.beforeStored()
    // Like the stream: a duplicate is dropped by its id.
    if (build.commands.some(({ id }) => id === command.id)) return
    build.commands.push(command)
    void build.node(command, build)
  }
  const workflowsPath = fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle'))
  const orchestrate = () => temporal.work({ taskQueue: buildTaskQueue, workflowsPath, activities: { publishCommand } })
  await temporal.work({
    taskQueue: githubTaskQueue,
    activities: {
      inspectRun: (...[question]: Parameters<InspectActivities['inspectRun']>) =>
        byRun(question.runId).inspect(question),
      watchRun: (...[question]: Parameters<InspectActivities['watchRun']>) => byRun(question.runId).watch(question),
    },
  })
  const make = (order: BuildSpec): ScriptedBuild => {
    const build = new ScriptedBuild(order, temporal.client)
    builds.push(build)
    return build
  }
  return { builds, make, orchestrate }
}

/** Failed workflow tasks of all builds so far, and histories that do not replay. Must be empty. */
export async function historyProblems(builds: readonly ScriptedBuild[]): Promise<string[]> {
  const workflowsPath = fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle'))
  const histories = await Promise.all(
    builds
      .filter(of => of.isStarted)
      .map(async of => ({ workflowId: of.handle.workflowId, history: await of.handle.fetchHistory() })),
  )
  const problems = histories.flatMap(({ workflowId, history }) =>
    (history.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
      // A signal that arrives while the workflow closes makes the server ask once more. No workflow can avoid that.
      failed && failed.cause !== unhandledCommand ? [`${workflowId}: ${failed.failure?.message}`] : [],
    ),
  )
  for await (const { error, workflowId } of Worker.runReplayHistories({ workflowsPath }, histories)) {
    if (error) problems.push(`${workflowId}: ${error.message}`)
  }
  return problems
}
