import { harmless } from '../claiming/claim-failure.ts'
import type { ClaimPorts } from '../claiming/ports.ts'
import { ended } from './await-builders.ts'
import { type BuildHandle, lookAtBuild, reportHealth } from './build-client.ts'
import { buildingLimits } from './limits.ts'

/** Says again and again that the client lives. Resolves to `over` once the build is, to `stopped` with the signal; never rejects. */
export async function keepAlive(
  build: BuildHandle,
  { clock }: Pick<ClaimPorts, 'clock'>,
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

/** One line about a build that is over; asks once and takes what it gets. Never rejects. */
export async function whyOver(build: BuildHandle): Promise<string> {
  const look = await lookAtBuild(build, 0, AbortSignal.timeout(buildingLimits.healthTimeoutMs)).catch(() => undefined)
  if (look?.state !== 'done' || look.value.phase === 'active') return 'The build is over at the service.'
  return `${harmless(ended(look.value).message)}.`
}
