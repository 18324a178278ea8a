import { fileURLToPath } from 'node:url'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { silentLogger } from '@forkproof/infra/log'
import { connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { forkRun } from '../suites/testing/claims.ts'
import { claimWithOurClaimant } from './claimants.ts'
import { type BenchResult, latencyResults, percentile, times } from './result.ts'
import type { BenchWorld } from './world.ts'

const concurrent = 12

/** Claims a second, end to end, against a bare one-activity workflow on the same Temporal server, in turns: A B A B. */
export async function throughput(world: BenchWorld, lifecycle: Lifecycle, count: number): Promise<BenchResult[]> {
  await world.github.setDials({ latencyMs: 0, webLatencyMs: 0 })
  const runBare = await bareWorkflows(world, lifecycle)
  const rates: { bare: number[]; claims: number[] } = { bare: [], claims: [] }
  const claimLatencies: number[] = []
  await runBare(count / 2)
  for (let round = 0; round < 3; round++) {
    rates.bare.push(await perSecond(count, () => runBare(count)))
    const runs = await times(Math.ceil(count / 20), 8, () => forkRun(world.github, { jobs: 20 }))
    rates.claims.push(
      await perSecond(count, () =>
        times(count, concurrent, async index =>
          claimLatencies.push((await claimWithOurClaimant(world, pick(runs, index))).claimMs),
        ),
      ),
    )
  }
  const conditions = `${concurrent} at once, 2 cores for everything, Temporal on SQLite with WAL and full sync, NATS sync always, GitHub 0 ms`
  const [bare, claims] = [percentile(rates.bare, 0.5), percentile(rates.claims, 0.5)]
  return [
    {
      name: 'bare workflows',
      value: round(bare),
      unit: '1/s',
      conditions: `${conditions}; median of 3 rounds of ${count}`,
    },
    {
      name: 'claims end to end',
      value: round(claims),
      unit: '1/s',
      conditions: `${conditions}; median of 3 rounds of ${count}`,
    },
    {
      name: 'claims over bare workflows',
      value: round(claims / bare),
      unit: 'ratio',
      conditions: 'same run, same server',
    },
    ...latencyResults('POST /claim at that load', claimLatencies, conditions),
  ]
}

const pick = <T>(items: readonly T[], index: number): T => {
  const item = items[index % items.length]
  if (item === undefined) throw new Error('no runs')
  return item
}

const round = (value: number) => Math.round(value * 100) / 100

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (count / (performance.now() - startedAt)) * 1_000
}

async function bareWorkflows(world: BenchWorld, lifecycle: Lifecycle): Promise<(count: number) => Promise<unknown>> {
  installTemporalRuntime(silentLogger)
  const temporal = { address: world.constellation.addresses.temporal, namespace: 'default' }
  const workflowsPath = fileURLToPath(new URL('./bare-workflow.ts', import.meta.url))
  const parts = { lifecycle, log: silentLogger }
  await startWorker({ ...temporal, worker: { taskQueue: 'bare', workflowsPath } }, parts)
  await startWorker(
    { ...temporal, worker: { taskQueue: 'bare-activity', activities: { nothing: async () => 'done' } } },
    parts,
  )
  const client = connectTemporal(temporal, lifecycle)
  return count =>
    times(count, concurrent, () =>
      client.workflow.execute('bare', { taskQueue: 'bare', workflowId: `bare-${crypto.randomUUID()}` }),
    )
}
