import { Lifecycle } from '@forkproof/infra/lifecycle'
import type { Config } from '@forkproof/local/config'
import { buildOnBare, startBare } from './bare-buildkitd.ts'
import { atOnce, inARow, leases, wholeJob } from './builders.ts'
import { type BenchResult, latencyResults, type Measure, times } from './result.ts'
import { type BenchWorld, openWorld } from './world.ts'

/** A refilled pool is what a build usually meets; a start takes well under this. */
const refillMs = 1_500

/** What builders cost. Each world is fresh; figures that are compared come from one run, in turns. */
export async function benchBuilders(config: Config, lifecycle: Lifecycle, measure: Measure): Promise<void> {
  const warm = await withBuilders(config, lifecycle, { FORKPROOF_PROVISIONER_WARM: '2' })
  await measure('warm builders', () => leases(warm, 30, refillMs, 'warm'))
  const bare = await startBare(warm)
  await measure('whole jobs', () => wholeJob(warm, 15, context => buildOnBare(warm, bare.socketPath, context)))
  await bare.stop()
  const parts = new Lifecycle(60_000)
  const cold = await withBuilders(config, parts, {
    FORKPROOF_PROVISIONER_WARM: '0',
    FORKPROOF_PROVISIONER_CAPACITY: '10',
  })
  await measure('cold builders', () => leases(cold, 15, 0, 'cold'))
  await measure('bare daemons', () => bareStarts(cold, 15))
  await measure('10 at once, nothing warm', () => tenAtOnce(cold, 0))
  await measure('100 builds in a row', () => inARow(cold, 100, cold.system.part('builder-provisioner').pid))
  await parts.shutdown()
  const pool = await withBuilders(config, lifecycle, {
    FORKPROOF_PROVISIONER_WARM: '10',
    FORKPROOF_PROVISIONER_CAPACITY: '20',
  })
  await measure('10 at once, warm', () => tenAtOnce(pool, 10 * refillMs))
}

const tenAtOnce = (world: BenchWorld, pauseMs: number): Promise<BenchResult[]> =>
  atOnce(world, { count: 10, turns: 5, pauseMs }, async () => (await startBare(world)).stop)

const withBuilders = (config: Config, lifecycle: Lifecycle, provisioner: Record<string, string>): Promise<BenchWorld> =>
  openWorld(config, lifecycle, { 'builder-provisioner': provisioner }, [])

async function bareStarts(world: BenchWorld, count: number): Promise<BenchResult[]> {
  const all = await times(count, 1, async () => {
    const startedAt = performance.now()
    const { stop } = await startBare(world)
    const ms = performance.now() - startedAt
    await stop()
    return ms
  })
  return latencyResults(
    'bare buildkitd: start to serving',
    all,
    'as root, no isolation, no canary, one after the other',
  )
}
