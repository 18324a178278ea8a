import { Lifecycle } from '@forkproof/infra/lifecycle'
import type { LocalConfig } from '@forkproof/local/config'
import type { RunMeasurement } from './bench-result.ts'
import { openBenchSystem } from './bench-system.ts'
import { measureBusyRuns } from './measure-busy-run.ts'
import {
  measureDelayedLogClaims,
  measureMatrixClaims,
  measureNeverShownClaims,
  measureNudgedClaims,
} from './measure-claim-latency.ts'
import { measureFootprint } from './measure-footprint.ts'
import { measureQuota } from './measure-quota.ts'
import { measureSigning } from './measure-signing.ts'
import { measureThroughput } from './measure-throughput.ts'

/** Measures claims, without builders on the machine. */
export async function benchClaims(config: LocalConfig, lifecycle: Lifecycle, measure: RunMeasurement): Promise<void> {
  await measure('signing', measureSigning)
  await measure('quota under a flood of unknown runs (a simulated hour)', () => measureQuota(60))
  const bench = await openBenchSystem(config, lifecycle)
  await measure('idle CPU and memory (30 s)', () => measureFootprint(bench))
  await measure('single claims, nudged', () => measureNudgedClaims(bench, 100))
  await measure('matrix of 20 jobs', () => measureMatrixClaims(bench, 10))
  await measure('claims in quiet and busy runs', () => measureBusyRuns(bench))
  await measure('old clients on the log, 0-20 s delay (some minutes)', () => measureDelayedLogClaims(bench, 200))
  await measure('claims a second', () => measureThroughput(bench, lifecycle, 200))
  const bareParts = new Lifecycle(60_000)
  const bareBench = await openBenchSystem(config, bareParts, {
    gateway: { FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS: '20000' },
    verifier: { FORKPROOF_VERIFIER_PULL_REQUEST_FACTS: 'false' },
  })
  await measure('claims that never show their code', () => measureNeverShownClaims(bareBench))
  await measure('single claims without the pull request’s facts', async () =>
    (await measureNudgedClaims(bareBench, 20)).map(result => ({
      ...result,
      name: `${result.name}, without pull request facts`,
    })),
  )
  await bareParts.shutdown()
}
