import type { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { RunQuestion } from '@forkproof/contracts/inspection'
import * as workflow from '@temporalio/workflow'
import { githubTaskQueue } from '../task-queues.ts'
import {
  type AwaitChange,
  awaitChangeUpdate,
  type BuilderEventSignal,
  builderEventSignal,
  buildSearchAttributes,
  type ConnectPlatform,
  connectUpdate,
  denySignal,
  type Finish,
  finishSignal,
  stateQuery,
} from './api.ts'
import { LiveBuild } from './live-build.ts'
import type { InspectActivities } from './ports.ts'
import { describeBuild, keep, type Running, serve } from './serving.ts'
import { checkAwaitChange, checkConnect } from './wait-rules.ts'

const builderEvent = workflow.defineSignal<[BuilderEventSignal]>(builderEventSignal)
const finish = workflow.defineSignal<[Finish]>(finishSignal)
const deny = workflow.defineSignal(denySignal)
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
export async function build(spec: BuildSpec): Promise<BuildState> {
  const live = new LiveBuild(spec, Date.now())
  listen(live)
  CancellationScope.current().cancelRequested.catch(() => live.end('canceled'))
  return CancellationScope.nonCancellable(() => run(live))
}

function listen(live: LiveBuild): void {
  workflow.setHandler(builderEvent, event => {
    live.apply(event)
    describeBuild(live)
  })
  workflow.setHandler(finish, ({ result }) => live.end(result))
  workflow.setHandler(deny, () => live.end('refused', 'run_denied'))
  workflow.setHandler(currentState, () => live.state())
  const answer = async (waitMs: number, isDue: () => boolean): Promise<BuildState> => {
    // A cancelled build still answers those who wait for it.
    if (!isDue() && waitMs > 0) await CancellationScope.nonCancellable(() => condition(isDue, waitMs))
    return live.state()
  }
  workflow.setHandler(
    awaitChange,
    ({ knownVersion, waitMs, leaving }) =>
      answer(waitMs, () => {
        const changed = leaving ? live.phase !== leaving : live.version > knownVersion
        return changed || live.phase === 'ended'
      }),
    { validator: asked => checkAwaitChange(asked, live.version) },
  )
  workflow.setHandler(
    connect,
    ({ platform, certificateRequest, waitMs }) => {
      const request = { platform, ...(certificateRequest !== undefined && { certificateRequest }) }
      if (!live.isSettled) live.leases.ask(request, Date.now())
      return answer(waitMs, () => live.isSettledFor(platform))
    },
    { validator: asked => checkConnect(asked, live.spec) },
  )
}

async function run(live: LiveBuild): Promise<BuildState> {
  const running: Running = { build: live, requests: new CancellationScope(), open: 0 }
  // Builders are asked for while GitHub is: no client learns of them before the run is confirmed, and if it is not,
  // they are released unused.
  const asking = confirm(running)
  await serve(running, () => live.phase !== 'confirming')
  asking.cancel()
  if (live.phase === 'active') {
    show(live)
    const watch = watchRun(running)
    await serve(running, () => live.phase !== 'active')
    watch.cancel()
  }
  running.requests.cancel()
  if (live.leases.isOpen(Date.now())) show(live)
  await serve(running, () => !live.leases.isOpen(Date.now()))
  live.close()
  show(live)
  // A workflow that closes before its activities fails its last task, and one that closes before its handlers fails
  // those (docs/facts/engines.md#end-of-a-workflow).
  await condition(() => running.open === 0 && workflow.allHandlersFinished())
  return live.state()
}

/** Activates the build or ends it as refused. */
function confirm(running: Running): workflow.CancellationScope {
  const { build: live } = running
  const asking = new CancellationScope()
  const { inspectRun } = workflow.proxyActivities<InspectActivities>({
    taskQueue: githubTaskQueue,
    scheduleToCloseTimeout: inspectMsMax,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 5_000 },
    summary: `is ${live.spec.run.repository} run ${live.spec.run.runId} in progress?`,
  })
  keep(
    running,
    asking.run(() => inspectRun(questionOf(live))),
    inspection => {
      if (inspection.outcome === 'refused') live.end('refused', inspection.reason)
      else live.activate(Date.now())
    },
    // No verifier answered in time.
    () => live.end('refused', 'github_unavailable'),
  )
  return asking
}

/**
 * Started once the build is active; its end is the build's. Its failure is no reason to end the build: the wall clock
 * ends it in any case.
 */
function watchRun(running: Running): workflow.CancellationScope {
  const { build: live } = running
  const scope = new CancellationScope()
  const { watchRun: watch } = workflow.proxyActivities<InspectActivities>({
    taskQueue: githubTaskQueue,
    scheduleToCloseTimeout: Math.max(live.spec.expiresAtMs - Date.now(), 0) + watchSlackMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 10_000 },
    summary: `until ${live.spec.run.repository} run ${live.spec.run.runId} is over`,
  })
  keep(
    running,
    scope.run(() => watch(questionOf(live))),
    ({ reason }) => live.end('run_over', reason),
    () => undefined,
  )
  return scope
}

const questionOf = ({ spec }: LiveBuild): RunQuestion => spec.run

/** The phase as long as the build lives, then how it ended. */
function show(live: LiveBuild): void {
  const { phase, outcome, reason } = live
  workflow.upsertSearchAttributes([
    { key: buildSearchAttributes.state, value: phase === 'ended' ? (outcome ?? phase) : phase },
    ...(reason !== undefined ? [{ key: buildSearchAttributes.reason, value: reason }] : []),
  ])
  describeBuild(live)
}
