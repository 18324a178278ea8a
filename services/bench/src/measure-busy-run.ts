import { createForkRun } from '@forkproof/e2e/testing/claim-requests'
import { claimWithOurClaimant, uploadMs } from './bench-claimants.ts'
import { type BenchResult, percentile, runConcurrently } from './bench-result.ts'
import type { BenchSystem } from './bench-system.ts'

const latencyMs = 100

/** Who claims: how many runs one after the other, each with how many jobs at once. */
interface ClaimShape {
  readonly name: string
  readonly runs: number
  readonly jobs: number
}

interface RunPace {
  readonly name: string
  /** How late GitHub lists an artifact and shows a step. */
  readonly lagMs: number
  readonly activity: Readonly<Record<string, number>>
  readonly conditions: string
}

/**
 * All that changes in a busy run, so that hardly any reading of it is an unchanged one: another job's artifact each
 * second, a step of each job every two, and two pages of artifacts already there.
 */
const busy: RunPace = {
  name: 'busy',
  lagMs: 5_000,
  activity: { artifactsThere: 200, artifactEveryMs: 1_000, stepEveryMs: 2_000 },
  conditions: 'listing lag 5 s, 200 artifacts there, another each second, steps change each 2 s',
}
const quiet: RunPace = { name: 'quiet', lagMs: 0, activity: {}, conditions: 'no listing lag, nothing else happens' }

const shapes: readonly ClaimShape[] = [
  { name: 'single', runs: 10, jobs: 1 },
  { name: 'matrix of 20', runs: 3, jobs: 20 },
]

/** Whether honest claims are proven in busy and quiet runs, how long after the listing, and with how many requests. */
export async function measureBusyRuns(bench: BenchSystem): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const pace of [quiet, busy]) {
    await bench.github.setBehaviour({ latencyMs, artifactListingLagMs: pace.lagMs, stepNameLagMs: pace.lagMs })
    for (const shape of shapes) results.push(...(await measureShape(bench, pace, shape)))
  }
  await bench.github.setBehaviour({ artifactListingLagMs: 0, stepNameLagMs: 0 })
  return results
}

async function measureShape(bench: BenchSystem, pace: RunPace, { name, runs, jobs }: ClaimShape) {
  const beyondLagMs: number[] = []
  let counted = 0
  for (let round = 0; round < runs; round += 1) {
    const of = await createForkRun(bench.github, { jobs })
    await bench.github.send('PUT', `/_sim/runs/${of.run.id}/activity`, pace.activity)
    await bench.github.resetRequestCounts()
    const ends = await runConcurrently(jobs, jobs, () => proveOrFail(bench, of))
    beyondLagMs.push(...ends.flatMap(end => (end === undefined ? [] : [end - pace.lagMs])))
    counted += (await bench.github.requestCounts()).rest.counted
    await bench.github.send('PATCH', `/_sim/runs/${of.run.id}`, { status: 'completed', conclusion: 'success' })
  }
  const claims = runs * jobs
  const label = `${pace.name} run, ${name}`
  const conditions = `our claimant, artifact, upload ${uploadMs} ms, GitHub ${latencyMs} ms a request; ${pace.conditions}; n=${claims}`
  const figure = (what: string, value: number, unit: string) => ({ name: `${label}: ${what}`, value, unit, conditions })
  return [
    figure('honest claims proven', (100 * beyondLagMs.length) / claims, '%'),
    figure('listed to token p50', Math.round(percentile(beyondLagMs, 0.5)), 'ms'),
    figure('listed to token, slowest', Math.round(percentile(beyondLagMs, 1)), 'ms'),
    figure('counted requests a token', counted / claims, 'requests'),
  ]
}

/** From the visible artifact to the token; `undefined` for a claim that was not proven. */
async function proveOrFail(bench: BenchSystem, of: Awaited<ReturnType<typeof createForkRun>>) {
  try {
    return (await claimWithOurClaimant(bench, of)).visibleToTokenMs
  } catch (error) {
    process.stderr.write(`a claim was not proven: ${String(error)}\n`)
    return undefined
  }
}
