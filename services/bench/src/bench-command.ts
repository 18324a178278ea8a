import { Lifecycle } from '@forkproof/infra/lifecycle'
import { readConfig } from '@forkproof/local/config'
import { benchBuilders } from './bench-builders.ts'
import { benchClaims } from './bench-claims.ts'
import type { BenchResult, RunMeasurement } from './bench-result.ts'

const benchmarks = { claims: benchClaims, builders: benchBuilders } as const

/** `npm run bench -- claims|builders`: JSON lines on standard output, progress on standard error. */
const [name = '', ...rest] = process.argv.slice(2)
if (!(name === 'claims' || name === 'builders') || rest.length > 0) {
  process.stderr.write('usage: npm run bench -- claims|builders\n')
  process.exit(2)
}
const lifecycle = new Lifecycle(60_000)
process.once('SIGINT', () => void lifecycle.shutdown().then(() => process.exit(130)))
const print = (results: readonly BenchResult[]) => {
  for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`)
}
const measure: RunMeasurement = async (title, work) => {
  process.stderr.write(`measuring: ${title}\n`)
  print(await work())
}

try {
  await benchmarks[name](readConfig(process.env), lifecycle, measure)
} finally {
  await lifecycle.shutdown()
}
