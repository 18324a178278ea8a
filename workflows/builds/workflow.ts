import type { BuildSpec, BuildState } from '@forkproof/contracts/build'
import type { RunQuestion } from '@forkproof/contracts/inspection'
import * as workflow from '@temporalio/workflow'
import {
  type AwaitChange,
  awaitChangeUpdate,
  type BuilderEventSignal,
  builderEventSignal,
  buildSearchAttributes,
  type ConnectPlatform,
  connectUpdate,
  type Finish,
  finishSignal,
  stateQuery,
} from './api.ts'
import { LiveBuild } from './live-build.ts'
import { githubTaskQueue, type InspectActivities } from './ports.ts'
import { describeBuild, keep, type Running, serve } from './serving.ts'
import { checkAwaitChange, checkConnect } from './wait-rules.ts'

const builderEvent = workflow.defineSignal<[BuilderEventSignal]>(builderEventSignal)
const finish = workflow.defineSignal<[Finish]>(finishSignal)
const awaitChange = workflow.defineUpdate<BuildState, [AwaitChange]>(awaitChangeUpdate)
const connect = workflow.defineUpdate<BuildState, [ConnectPlatform]>(connectUpdate)
const currentState = workflow.defineQuery<BuildState>(stateQuery)

/** A verifier that dies is noticed after this long without a heartbeat; a cancelled one answers within it too. */
const heartbeatTimeoutMs = 5_000
const inspectMsMax = 30_000
/** Beyond the build's own end. */
const watchSlackMs = 10_000
const { CancellationScope, condition } = workflow

/**
 * One build from its spec to the last receipt. Expected ends are values, also a cancellation: it tears down in order
 * and the state says `canceled`. Builders are level-triggered: after each event, and when a time is reached, what is
 * wanted is compared with what nodes said.
 */
export async function build(order: BuildSpec): Promise<BuildState> {
  const record = new LiveBuild(order, Date.now())
  listen(record)
  CancellationScope.current().cancelRequested.catch(() => record.end('canceled'))
  return CancellationScope.nonCancellable(() => run(record))
}

function listen(record: LiveBuild): void {
  workflow.setHandler(builderEvent, event => {
    record.apply(event)
    describeBuild(record)
  })
  workflow.setHandler(finish, ({ result }) => record.end(result))
  workflow.setHandler(currentState, () => record.state())
  const answer = async (waitMs: number, isDue: () => boolean): Promise<BuildState> => {
    // A cancelled build still answers those who wait for it.
    if (!isDue() && waitMs > 0) await CancellationScope.nonCancellable(() => condition(isDue, waitMs))
    return record.state()
  }
  workflow.setHandler(
    awaitChange,
    ({ knownVersion, waitMs, leaving }) =>
      answer(waitMs, () => {
        const changed = leaving ? record.phase !== leaving : record.version > knownVersion
        return changed || record.phase === 'ended'
      }),
    { validator: asked => checkAwaitChange(asked, record.version) },
  )
  workflow.setHandler(
    connect,
    ({ platform, certificateRequest, waitMs }) => {
      const wish = { platform, ...(certificateRequest !== undefined && { certificateRequest }) }
      if (!record.isSettled) record.leases.ask(wish, Date.now())
      return answer(waitMs, () => record.isSettledFor(platform))
    },
    { validator: asked => checkConnect(asked, record.order) },
  )
}

async function run(record: LiveBuild): Promise<BuildState> {
  const running: Running = { record, requests: new CancellationScope(), open: 0 }
  // Builders are asked for while GitHub is: no client learns of them before the run is confirmed, and if it is not,
  // they are released unused.
  const asking = confirm(running)
  await serve(running, () => record.phase !== 'confirming')
  asking.cancel()
  if (record.phase === 'active') {
    show(record)
    const watch = watchRun(running)
    await serve(running, () => record.phase !== 'active')
    watch.cancel()
  }
  running.requests.cancel()
  if (record.leases.isOpen(Date.now())) show(record)
  await serve(running, () => !record.leases.isOpen(Date.now()))
  record.close()
  show(record)
  // A workflow that closes before its activities fails its last task, and one that closes before its handlers fails
  // those (docs/facts/engines.md#end-of-a-workflow).
  await condition(() => running.open === 0 && workflow.allHandlersFinished())
  return record.state()
}

/** Activates the build or ends it as refused. */
function confirm(running: Running): workflow.CancellationScope {
  const { record } = running
  const asking = new CancellationScope()
  const { inspectRun } = workflow.proxyActivities<InspectActivities>({
    taskQueue: githubTaskQueue,
    scheduleToCloseTimeout: inspectMsMax,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 5_000 },
    summary: `is ${record.order.run.repository} run ${record.order.run.runId} in progress?`,
  })
  keep(
    running,
    asking.run(() => inspectRun(questionOf(record))),
    inspection => {
      if (inspection.outcome === 'refused') record.end('refused', inspection.reason)
      else record.activate(Date.now())
    },
    // No verifier answered in time.
    () => record.end('refused', 'github_unavailable'),
  )
  return asking
}

/**
 * Started once the build is active; its end is the build's. Its failure is no reason to end the build: the wall clock
 * ends it in any case.
 */
function watchRun(running: Running): workflow.CancellationScope {
  const { record } = running
  const scope = new CancellationScope()
  const { watchRun: watch } = workflow.proxyActivities<InspectActivities>({
    taskQueue: githubTaskQueue,
    scheduleToCloseTimeout: Math.max(record.order.expiresAtMs - Date.now(), 0) + watchSlackMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 10_000 },
    summary: `until ${record.order.run.repository} run ${record.order.run.runId} is over`,
  })
  keep(
    running,
    scope.run(() => watch(questionOf(record))),
    ({ reason }) => record.end('run_over', reason),
    () => undefined,
  )
  return scope
}

const questionOf = ({ order }: LiveBuild): RunQuestion => order.run

/** The phase as long as the build lives, then how it ended. */
function show(record: LiveBuild): void {
  const { phase, outcome, reason } = record
  workflow.upsertSearchAttributes([
    { key: buildSearchAttributes.state, value: phase === 'ended' ? (outcome ?? phase) : phase },
    ...(reason !== undefined ? [{ key: buildSearchAttributes.reason, value: reason }] : []),
  ])
  describeBuild(record)
}
