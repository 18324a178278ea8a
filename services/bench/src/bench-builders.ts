import { Lifecycle } from '@forkproof/infra/lifecycle'
import type { LocalConfig } from '@forkproof/local/config'
import { buildOnBareBuildkitd, startBareBuildkitd } from './bare-buildkitd.ts'
import { type BenchResult, latencyResults, type RunMeasurement, runConcurrently } from './bench-result.ts'
import { type BenchSystem, openBenchSystem } from './bench-system.ts'
import {
  measureConcurrentBuilders,
  measureConsecutiveBuilds,
  measureLeases,
  measureWholeJobs,
} from './measure-builders.ts'

/** Time for the pool to refill, as a build usually finds it. One start takes much less. */
const refillMs = 1_500

/** Measures builders. Each system is fresh; figures that are compared come from one run, in turns. */
export async function benchBuilders(config: LocalConfig, lifecycle: Lifecycle, measure: RunMeasurement): Promise<void> {
  const warm = await withBuilders(config, lifecycle, { FORKPROOF_PROVISIONER_WARM: '2' })
  await measure('warm builders', () => measureLeases(warm, 30, refillMs, 'warm'))
  const bare = await startBareBuildkitd(warm)
  await measure('whole jobs', () =>
    measureWholeJobs(warm, 15, context => buildOnBareBuildkitd(warm, bare.socketPath, context)),
  )
  await bare.stop()
  const parts = new Lifecycle(60_000)
  const cold = await withBuilders(config, parts, {
    FORKPROOF_PROVISIONER_WARM: '0',
    FORKPROOF_PROVISIONER_CAPACITY: '10',
  })
  await measure('cold builders', () => measureLeases(cold, 15, 0, 'cold'))
  await measure('bare daemons', () => measureBareStarts(cold, 15))
  await measure('10 at once, nothing warm', () => measureTenAtOnce(cold, 0))
  await measure('100 builds in a row', () =>
    measureConsecutiveBuilds(cold, 100, cold.system.part('builder-provisioner').pid),
  )
  await parts.shutdown()
  const pool = await withBuilders(config, lifecycle, {
    FORKPROOF_PROVISIONER_WARM: '10',
    FORKPROOF_PROVISIONER_CAPACITY: '20',
  })
  await measure('10 at once, warm', () => measureTenAtOnce(pool, 10 * refillMs))
}

const measureTenAtOnce = (bench: BenchSystem, pauseMs: number): Promise<BenchResult[]> =>
  measureConcurrentBuilders(bench, { count: 10, turns: 5, pauseMs }, async () => (await startBareBuildkitd(bench)).stop)

const withBuilders = (
  config: LocalConfig,
  lifecycle: Lifecycle,
  provisioner: Record<string, string>,
): Promise<BenchSystem> => openBenchSystem(config, lifecycle, { 'builder-provisioner': provisioner }, [])

async function measureBareStarts(bench: BenchSystem, count: number): Promise<BenchResult[]> {
  const all = await runConcurrently(count, 1, async () => {
    const startedAt = performance.now()
    const { stop } = await startBareBuildkitd(bench)
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
