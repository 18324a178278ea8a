import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { harmlessText } from '../claiming/claim-failure.ts'
import { buildEndFailure } from './await-builders.ts'
import { type BuildHandle, readBuildState, reportHealth } from './build-client.ts'
import { buildingLimits } from './limits.ts'

/** Reports again and again that the client is alive, until the build is over or the signal aborts. Never rejects. */
export async function keepBuildAlive(
  build: BuildHandle,
  { clock }: Pick<ClaimDeps, 'clock'>,
  stop: AbortSignal,
): Promise<'over' | 'stopped'> {
  while (!stop.aborted) {
    const health = await reportHealth(build, stop).catch(() => 'unknown' as const)
    if (stop.aborted) break
    if (health === 'over') return 'over'
    await clock.sleep(buildingLimits.healthIntervalMs, stop).catch(() => undefined)
  }
  return 'stopped'
}

/** One line about a build that is over. Asks the service once. Never rejects. */
export const describeBuildEnd = async (build: BuildHandle): Promise<string> =>
  (await serviceEndReason(build)) ?? 'The build is over at the service.'

/** The service's reason for the end in one line; undefined while the build goes on or is unknown. Never rejects. */
export async function serviceEndReason(build: BuildHandle): Promise<string | undefined> {
  const bound = AbortSignal.timeout(buildingLimits.endAttemptTimeoutMs)
  const answer = await readBuildState(build, 0, bound).catch(() => undefined)
  if (answer?.state !== 'done' || !['ending', 'ended'].includes(answer.value.phase)) return undefined
  const { message, detail } = buildEndFailure(answer.value)
  return `${harmlessText(detail === undefined ? message : `${message}: ${detail}`)}.`
}
