import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { awaitBuilders } from './await-builders.ts'
import { type BuildHandle, endBuild, reportHealth } from './build-client.ts'
import { type LeasedBuilder, writeBuilderFiles } from './builder-files.ts'
import { buildingLimits } from './limits.ts'
import { type ClientBuildOptions, startBuild } from './start-build.ts'

export interface LeasedBuild {
  readonly build: BuildHandle
  /** ISO 8601. The build is over at this time, whatever happens. */
  readonly expiresAt: string
  readonly builders: readonly LeasedBuilder[]
}

export interface LeaseOptions extends ClientBuildOptions {
  /** A private folder; the credentials are written below it. */
  readonly folder: string
  /** How long a builder may take. */
  readonly waitMs: number
  /** Called as soon as a build exists that somebody has to end. */
  readonly onStarted?: (build: BuildHandle, expiresAt: string) => Promise<void>
}

/**
 * Starts a build and waits for one ready builder per platform. After a failure or a cancel nothing is left running.
 * @throws ClaimFailure
 */
export async function leaseBuilders(options: LeaseOptions, deps: ClaimDeps, cancel: AbortSignal): Promise<LeasedBuild> {
  const deadline = AbortSignal.any([AbortSignal.timeout(options.waitMs), cancel])
  const { started, keys } = await startBuild(options, deps, deadline).catch(unlessCancelled(cancel))
  const { buildId, buildToken, expiresAt } = started
  const build: BuildHandle = { issuer: options.issuer, buildId, buildToken }
  const enough = new AbortController()
  const beating = beatWhileWaiting(build, deps, AbortSignal.any([deadline, enough.signal]))
  try {
    await options.onStarted?.(build, expiresAt)
    deps.journal.say(`Build ${buildId} may go on until ${expiresAt}.`)
    const ready = await awaitBuilders(build, options.platforms, started.state, deps, deadline)
    const builders: LeasedBuilder[] = []
    for (const builder of ready) builders.push(await writeBuilderFiles(options.folder, builder, keys))
    return { build, expiresAt, builders }
  } catch (error) {
    await endBuild(build, 'canceled')
    return unlessCancelled(cancel)(error)
  } finally {
    enough.abort()
    await beating
  }
}

/** A wait in line may be longer than the service believes in a silent client. Never rejects. */
async function beatWhileWaiting(build: BuildHandle, deps: ClaimDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await deps.clock.sleep(buildingLimits.healthIntervalMs, stop).catch(() => undefined)
    if (!stop.aborted) await reportHealth(build, stop).catch(() => undefined)
  }
}

/** A request that was cancelled fails like one that took too long, so the signal decides which it was. */
const unlessCancelled =
  (cancel: AbortSignal) =>
  (error: unknown): never => {
    if (cancel.aborted) throw cancelled()
    throw error
  }

const cancelled = () => new ClaimFailure('unavailable', 'canceled', { title: 'Cancelled before the build began' })
