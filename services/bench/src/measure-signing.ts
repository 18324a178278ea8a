import { generateKeyPairSync, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { KeyId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { createTokenSigner } from '@forkproof/signer/minting/token-signer'
import { type BenchResult, percentile, runConcurrently } from './bench-result.ts'

const rounds = 5
const perRound = 2_000
const concurrent = 64
const signAsync = promisify(sign)

/** Compares the signer's RS256 with node:crypto's, in turns. */
export async function measureSigning(): Promise<BenchResult[]> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const signer = await createTokenSigner({ keyId: KeyId.parse('k'.repeat(43)), privateKey: new Secret(privateKey) })
  const claims = JSON.stringify({ iss: 'https://oidc.example.dev', filler: 'x'.repeat(900) })
  const input = Buffer.from(claims)
  const ratios: number[] = []
  const ours: number[] = []
  for (let round = 0; round < rounds; round++) {
    const native = await ratePerSecond(() => signAsync('sha256', input, privateKey))
    ours.push(await ratePerSecond(() => signer.sign(claims)))
    ratios.push((ours.at(-1) ?? 0) / native)
  }
  const conditions = `RSA-2048, ${concurrent} at once, median of ${rounds} rounds of ${perRound}, in turns`
  return [
    { name: 'tokens signed', value: Math.round(percentile(ours, 0.5)), unit: '1/s', conditions },
    {
      name: 'signing over node:crypto',
      value: Math.round(percentile(ratios, 0.5) * 100) / 100,
      unit: 'ratio',
      conditions,
    },
  ]
}

async function ratePerSecond(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await runConcurrently(perRound, concurrent, work)
  return (perRound / (performance.now() - startedAt)) * 1_000
}
