import { fileURLToPath } from 'node:url'
import { createForkRun } from '@forkproof/e2e/testing/claim-requests'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { silentLogger } from '@forkproof/infra/log'
import { connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { claimWithOurClaimant } from './bench-claimants.ts'
import { type BenchResult, latencyResults, percentile, runConcurrently } from './bench-result.ts'
import type { BenchSystem } from './bench-system.ts'

const concurrent = 12
const rounds = 5

/** Claims per second, compared with a workflow of one activity on the same Temporal server, in turns. */
export async function measureThroughput(
  bench: BenchSystem,
  lifecycle: Lifecycle,
  count: number,
): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs: 0, webLatencyMs: 0 })
  const runBare = await bareWorkflows(bench, lifecycle)
  const rates = { bare: [] as number[], claims: [] as number[], ratio: [] as number[] }
  const claimLatencies: number[] = []
  const claimOnce = async (of: Awaited<ReturnType<typeof createForkRun>>) => {
    // No wait for an upload: only work is measured.
    claimLatencies.push((await claimWithOurClaimant(bench, of, 0)).claimMs)
  }
  await runBare(count / 2)
  for (let index = 0; index < rounds; index++) {
    const bare = await perSecond(count, () => runBare(count))
    const runs = await runConcurrently(Math.ceil(count / 20), 8, () => createForkRun(bench.github, { jobs: 20 }))
    const claims = await perSecond(count, () =>
      runConcurrently(count, concurrent, number => claimOnce(pick(runs, number))),
    )
    rates.bare.push(bare)
    rates.claims.push(claims)
    rates.ratio.push(claims / bare)
  }
  const place = `${concurrent} at once, 2 cores for everything, Temporal on SQLite with WAL and full sync, NATS sync always, GitHub 0 ms`
  const conditions = `${place}; median of ${rounds} rounds of ${count}, in turns`
  const median = (values: readonly number[]) => Math.round(percentile(values, 0.5) * 100) / 100
  return [
    { name: 'bare workflows', value: median(rates.bare), unit: '1/s', conditions },
    { name: 'claims end to end', value: median(rates.claims), unit: '1/s', conditions },
    { name: 'claims over bare workflows', value: median(rates.ratio), unit: 'ratio', conditions },
    ...latencyResults('POST /claim at that load', claimLatencies, place),
  ]
}

const pick = <T>(items: readonly T[], index: number): T => {
  const item = items[index % items.length]
  if (item === undefined) throw new Error('no runs')
  return item
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (count / (performance.now() - startedAt)) * 1_000
}

async function bareWorkflows(bench: BenchSystem, lifecycle: Lifecycle): Promise<(count: number) => Promise<unknown>> {
  installTemporalRuntime(silentLogger)
  const temporal = { address: bench.system.addresses.temporal, namespace: 'default' }
  const workflowsPath = fileURLToPath(new URL('./bare-workflow.ts', import.meta.url))
  const parts = { lifecycle, log: silentLogger }
  await startWorker({ ...temporal, worker: { taskQueue: 'bare', workflowsPath } }, parts)
  await startWorker(
    { ...temporal, worker: { taskQueue: 'bare-activity', activities: { nothing: async () => 'done' } } },
    parts,
  )
  const client = connectTemporal(temporal, lifecycle)
  return count =>
    runConcurrently(count, concurrent, () =>
      client.workflow.execute('bareWorkflow', { taskQueue: 'bare', workflowId: `bare-${crypto.randomUUID()}` }),
    )
}
