import { Lifecycle } from '@forkproof/infra/lifecycle'
import type { Config } from '@forkproof/local/config'
import { footprint } from './footprint.ts'
import { delayedLogClaims, matrixClaims, neverShownClaims, nudgedClaims } from './latency.ts'
import type { Measure } from './result.ts'
import { signing } from './signing.ts'
import { throughput } from './throughput.ts'
import { openWorld } from './world.ts'

/** What claims cost, without builders beside them. */
export async function benchClaims(config: Config, lifecycle: Lifecycle, measure: Measure): Promise<void> {
  await measure('signing', signing)
  const world = await openWorld(config, lifecycle)
  await measure('idle CPU and memory (30 s)', () => footprint(world))
  await measure('single claims, nudged', () => nudgedClaims(world, 100))
  await measure('matrix of 20 jobs', () => matrixClaims(world, 10))
  await measure('old clients on the log, 0-20 s delay (some minutes)', () => delayedLogClaims(world, 200))
  await measure('claims a second', () => throughput(world, lifecycle, 200))
  const bareParts = new Lifecycle(60_000)
  const bareWorld = await openWorld(config, bareParts, {
    gateway: { FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS: '20000' },
    verifier: { FORKPROOF_VERIFIER_PULL_REQUEST_FACTS: 'false' },
  })
  await measure('claims that never show their code', () => neverShownClaims(bareWorld))
  await measure('single claims without the pull request’s facts', async () =>
    (await nudgedClaims(bareWorld, 20)).map(result => ({
      ...result,
      name: `${result.name}, without pull request facts`,
    })),
  )
  await bareParts.shutdown()
}
