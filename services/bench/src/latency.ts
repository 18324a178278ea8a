import { challengeSentence } from '@forkproof/contracts/challenge'
import { createForkRun, postClaim } from '@forkproof/e2e/testing/claim-requests'
import { claimAsOldClient, claimWithOurClaimant, uploadMs } from './claimants.ts'
import { type BenchResult, latencyResults, seededRandom, times } from './result.ts'
import type { BenchWorld } from './world.ts'

const latencyMs = 100
const delaySeed = 20_261_125

async function countedRequests(
  world: BenchWorld,
  work: () => Promise<unknown>,
): Promise<{ counted: number; web: number }> {
  await world.github.resetRequestCounts()
  await work()
  const { rest, web } = await world.github.requestCounts()
  return { counted: rest.counted, web: web.counted }
}

/** Code visible → token with our claimant, one claim at a time, and what a single token costs. */
export async function nudgedClaims(world: BenchWorld, count: number): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const values: number[] = []
  const warmUp = 5
  for (let index = 0; index < warmUp; index++) await claimWithOurClaimant(world, await createForkRun(world.github))
  const { counted } = await countedRequests(world, async () => {
    for (let index = 0; index < count; index++)
      values.push((await claimWithOurClaimant(world, await createForkRun(world.github))).visibleToTokenMs)
  })
  const conditions = `our claimant, artifact, nudged, upload ${uploadMs} ms, GitHub ${latencyMs} ms a request`
  return [
    ...latencyResults('visible to token, nudged', values, conditions),
    { name: 'counted requests a token, nudged', value: counted / count, unit: 'requests', conditions },
  ]
}

/** A plain client on `log`, the code visible after a spread of 0-20 s. */
export async function delayedLogClaims(world: BenchWorld, count: number): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const random = seededRandom(delaySeed)
  const delays = Array.from({ length: count }, () => random() * 20_000)
  let values: number[] = []
  const { counted, web } = await countedRequests(world, async () => {
    values = await times(count, 10, async index =>
      claimAsOldClient(world, await createForkRun(world.github), delays[index] ?? 0),
    )
  })
  const conditions = `old client, log, visible after 0-20 s (seed ${delaySeed}), 10 at once, GitHub ${latencyMs} ms a request`
  return [
    ...latencyResults('visible to token, log', values, conditions),
    { name: 'counted requests a token, log', value: counted / count, unit: 'requests', conditions },
    { name: 'web requests a token, log', value: web / count, unit: 'requests', conditions },
  ]
}

/** Twenty jobs of one run claim at once. */
export async function matrixClaims(world: BenchWorld, rounds: number): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const jobs = 20
  const values: number[] = []
  let requests = 0
  for (let round = 0; round < rounds; round++) {
    const of = await createForkRun(world.github, { jobs })
    const { counted } = await countedRequests(world, async () => {
      values.push(...(await times(jobs, jobs, async () => (await claimWithOurClaimant(world, of)).visibleToTokenMs)))
    })
    requests += counted
  }
  const conditions = `${jobs} jobs of one run at once, our claimant, artifact, upload ${uploadMs} ms, ${rounds} rounds, GitHub ${latencyMs} ms a request`
  return [
    ...latencyResults('visible to token, matrix', values, conditions),
    { name: 'counted requests a token, matrix', value: requests / values.length, unit: 'requests', conditions },
  ]
}

/** What claims cost that never show their code: one of our kind, one of the old kind, both asked for until their end. */
export async function neverShownClaims(world: BenchWorld): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const results: BenchResult[] = []
  for (const channels of [['artifact'], ['step-name', 'log', 'job-log']]) {
    const of = await createForkRun(world.github)
    const { counted } = await countedRequests(world, async () => {
      const answer = await postClaim(world.system.addresses.issuer, of, { channels })
      // A line that is almost right must cost no more than none.
      await world.github.send('POST', `/_sim/jobs/${of.run.jobs[0]?.id}/log`, {
        step: 2,
        lines: [`${challengeSentence(answer.challengeCode)}!`],
      })
      await untilRefused(answer.exchangeURL)
    })
    results.push({
      name: `counted requests, never shown, ${channels.join('+')}`,
      value: counted,
      unit: 'requests',
      conditions: 'asked for until the claim ended',
    })
  }
  return results
}

async function untilRefused(url: string): Promise<void> {
  for (;;) {
    const { status } = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(40_000) })
    if (status !== 202) return
  }
}
