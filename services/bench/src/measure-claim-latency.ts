import { challengeSentence } from '@forkproof/contracts/challenge'
import { createForkRun, postClaim } from '@forkproof/e2e/testing/claim-requests'
import { mulberry32 } from '@forkproof/infra/mulberry32'
import { claimAsOldClient, claimWithOurClaimant, uploadMs } from './bench-claimants.ts'
import { type BenchResult, latencyResults, runConcurrently } from './bench-result.ts'
import type { BenchSystem } from './bench-system.ts'

const latencyMs = 100
const delaySeed = 20_261_125

async function countedRequests(
  bench: BenchSystem,
  work: () => Promise<unknown>,
): Promise<{ counted: number; web: number }> {
  await bench.github.resetRequestCounts()
  await work()
  const { rest, web } = await bench.github.requestCounts()
  return { counted: rest.counted, web: web.counted }
}

/** From the visible code to the token with our claimant, one claim at a time, and the requests of one token. */
export async function measureNudgedClaims(bench: BenchSystem, count: number): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const values: number[] = []
  const warmUp = 5
  for (let index = 0; index < warmUp; index++) await claimWithOurClaimant(bench, await createForkRun(bench.github))
  const { counted } = await countedRequests(bench, async () => {
    for (let index = 0; index < count; index++)
      values.push((await claimWithOurClaimant(bench, await createForkRun(bench.github))).visibleToTokenMs)
  })
  const conditions = `our claimant, artifact, nudged, upload ${uploadMs} ms, GitHub ${latencyMs} ms a request`
  return [
    ...latencyResults('visible to token, nudged', values, conditions),
    { name: 'counted requests a token, nudged', value: counted / count, unit: 'requests', conditions },
  ]
}

/** Old clients on `log`; the code is visible after 0 to 20 s. */
export async function measureDelayedLogClaims(bench: BenchSystem, count: number): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const random = mulberry32(delaySeed)
  const delays = Array.from({ length: count }, () => random() * 20_000)
  let values: number[] = []
  const { counted, web } = await countedRequests(bench, async () => {
    values = await runConcurrently(count, 10, async index =>
      claimAsOldClient(bench, await createForkRun(bench.github), delays[index] ?? 0),
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
export async function measureMatrixClaims(bench: BenchSystem, rounds: number): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const jobs = 20
  const values: number[] = []
  let requests = 0
  for (let round = 0; round < rounds; round++) {
    const of = await createForkRun(bench.github, { jobs })
    const { counted } = await countedRequests(bench, async () => {
      values.push(
        ...(await runConcurrently(jobs, jobs, async () => (await claimWithOurClaimant(bench, of)).visibleToTokenMs)),
      )
    })
    requests += counted
  }
  const conditions = `${jobs} jobs of one run at once, our claimant, artifact, upload ${uploadMs} ms, ${rounds} rounds, GitHub ${latencyMs} ms a request`
  return [
    ...latencyResults('visible to token, matrix', values, conditions),
    { name: 'counted requests a token, matrix', value: requests / values.length, unit: 'requests', conditions },
  ]
}

/** Requests for claims that never show their code: one of our claimant and one of an old client. */
export async function measureNeverShownClaims(bench: BenchSystem): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs, webLatencyMs: latencyMs })
  const results: BenchResult[] = []
  for (const channels of [['artifact'], ['step-name', 'log', 'job-log']]) {
    const of = await createForkRun(bench.github)
    const { counted } = await countedRequests(bench, async () => {
      const answer = await postClaim(bench.system.addresses.issuer, of, { channels })
      // A line that is almost right must cost no more requests than none.
      await bench.github.send('POST', `/_sim/jobs/${of.run.jobs[0]?.id}/log`, {
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
