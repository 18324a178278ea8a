import type { BuilderCommand } from '@forkproof/contracts/events'
import type { LeaseId } from '@forkproof/contracts/ids'
import * as workflow from '@temporalio/workflow'
import { releaseOf, requestOf } from './commands.ts'
import type { LiveBuild } from './live-build.ts'
import type { CommandActivities } from './ports.ts'
import { stateInWords } from './state-in-words.ts'

/** A release that could not be stored for this long is given up: the lease's own end does the same. */
const releaseMsMax = 80_000

/** Work of a build that is under way; the workflow closes after all of it. */
export interface Running {
  readonly build: LiveBuild
  readonly requests: workflow.CancellationScope
  open: number
}

/** Sends what is due, waits for something to do, and so on until `isOver`. */
export async function serve(running: Running, isOver: () => boolean): Promise<void> {
  const { build } = running
  const { leases } = build
  for (;;) {
    const nowMs = Date.now()
    build.tick(nowMs)
    if (!build.isSettled) requestBuilders(running, nowMs)
    releaseBuilders(running, nowMs)
    describeBuild(build)
    if (isOver()) return
    const hasWork = () =>
      isOver() ||
      leases.requestsToServe().length > 0 ||
      leases.toRelease().length > 0 ||
      (build.phase === 'active' && leases.allOver)
    const deadlineMs = build.nextDeadlineMs(nowMs)
    // A timer may fire within the millisecond that it was set for.
    if (deadlineMs === undefined) await workflow.condition(hasWork)
    else await workflow.condition(hasWork, Math.max(deadlineMs - nowMs, 0) + 1)
  }
}

function requestBuilders(running: Running, nowMs: number): void {
  const { build, requests } = running
  for (const request of build.leases.requestsToServe()) {
    const lease = build.leases.open(request, workflow.uuid4() as LeaseId, nowMs)
    const command = requestOf(build.spec, lease, request, nowMs)
    keep(
      running,
      requests.run(() => publish(command, Math.max(lease.expiresAtMs - nowMs, 1))),
      () => undefined,
      failure => {
        lease.isVoid = isInvalid(failure)
        if (lease.isVoid) build.leases.fail(lease, 'certificate_request_invalid')
        else if (!build.isSettled)
          build.leases.fail(lease, 'no_capacity', { detail: 'the request could not be sent in time' })
      },
    )
  }
}

function releaseBuilders(running: Running, nowMs: number): void {
  const { build } = running
  for (const { lease, nodeId } of build.leases.toRelease()) {
    lease.releasedAtMs.set(nodeId, nowMs)
    const reason = build.phase === 'active' ? 'not_wanted' : build.releaseReason
    const command = releaseOf(build.spec, lease, { nodeId, reason }, nowMs)
    keep(
      running,
      publish(command, releaseMsMax),
      () => undefined,
      () => workflow.log.warn('a release could not be sent', { leaseId: lease.leaseId, nodeId }),
    )
  }
}

function publish(command: BuilderCommand, msMax: number): Promise<void> {
  const { publishCommand } = workflow.proxyLocalActivities<CommandActivities>({
    startToCloseTimeout: 5_000,
    scheduleToCloseTimeout: msMax,
    // Longer waits become timers, so that a bus that is away does not hold up signals and updates.
    localRetryThreshold: 500,
    retry: { initialInterval: 100, backoffCoefficient: 2, maximumInterval: 5_000 },
    summary: `${command.type.split('.')[2]} ${command.data.platform}`,
  })
  return publishCommand(command)
}

/** A local activity's failure comes bare, another's within one that names the activity. */
function isInvalid(failure: unknown): boolean {
  const cause = failure instanceof workflow.ActivityFailure ? failure.cause : failure
  return cause instanceof workflow.ApplicationFailure && cause.type === 'invalid_command'
}

/** Counts work as open until it is over, and hands its outcome on. */
export function keep<T>(
  running: Running,
  work: Promise<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  running.open += 1
  work.then(done, failed).finally(() => {
    running.open -= 1
  })
}

/** For ops, in the Temporal UI. Costs no event. */
export function describeBuild(build: LiveBuild): void {
  workflow.setCurrentDetails(stateInWords(build.state()))
}
