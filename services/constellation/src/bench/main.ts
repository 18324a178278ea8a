import { Lifecycle } from '@forkproof/infra/lifecycle'
import { readConfig } from '../config.ts'
import { footprint } from './footprint.ts'
import { delayedLogClaims, matrixClaims, neverShownClaims, nudgedClaims } from './latency.ts'
import type { BenchResult } from './result.ts'
import { signing } from './signing.ts'
import { throughput } from './throughput.ts'
import { openWorld } from './world.ts'

/** `npm run bench -- claims`: JSON lines on standard output, progress on standard error. */
if (process.argv[2] !== 'claims' || process.argv.length > 3) {
  process.stderr.write('usage: npm run bench -- claims\n')
  process.exit(2)
}
const lifecycle = new Lifecycle(60_000)
process.once('SIGINT', () => void lifecycle.shutdown().then(() => process.exit(130)))
const say = (text: string) => process.stderr.write(`${text}\n`)
const print = (results: readonly BenchResult[]) => {
  for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`)
}
const measure = async (title: string, work: () => Promise<BenchResult[]>) => {
  say(`measuring: ${title}`)
  print(await work())
}
const config = readConfig(process.env)

try {
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
} finally {
  await lifecycle.shutdown()
}
