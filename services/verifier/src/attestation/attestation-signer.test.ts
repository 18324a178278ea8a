import { Attestation, attestationType } from '@forkproof/contracts/facts'
import { Secret } from '@forkproof/infra/secret'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { compactVerify, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'
import { type VerifiedRun, verifyRun } from '../core/verify-run.ts'
import { aClaimSpec, aRun, fakeNowMs } from '../testing/fake-github-answers.ts'
import { readAttestationKey } from './attestation-key.ts'
import { createAttestationSigner } from './attestation-signer.ts'

const pair = await generateKeyPair('EdDSA', { extractable: true })
const pem = await exportPKCS8(pair.privateKey)
const key = await readAttestationKey(new Secret(pem))
const sign = createAttestationSigner(key, new FakeClock(fakeNowMs))
const spec = await aClaimSpec()

function aVerifiedRun(): VerifiedRun {
  const evidence = { run: aRun(), attempt: 1, sighting: { channel: 'artifact' as const }, seenAtMs: fakeNowMs }
  const result = verifyRun(spec, evidence)
  if (result.kind !== 'verified') throw new Error(result.reason)
  return result.run
}

describe('signing', () => {
  test('a verified run becomes a JWS of the contract’s shape, type and lifetime', async () => {
    const jws = await sign(aVerifiedRun())
    const { payload } = await compactVerify(jws, pair.publicKey, { algorithms: ['EdDSA'] })
    const attestation = Attestation.parse(JSON.parse(new TextDecoder().decode(payload)))
    expect(attestation).toMatchObject({ claimId: spec.claimId, channel: 'artifact', seenAt: fakeNowMs / 1_000 })
    expect(attestation.exp).toBe(fakeNowMs / 1_000 + 120)
    expect(decodeProtectedHeader(jws)).toEqual({ alg: 'EdDSA', typ: attestationType, kid: key.keyId })
  })
  test('a copy of a verified run is not signed', async () => {
    await expect(sign({ ...aVerifiedRun() })).rejects.toThrow('verified here')
  })
  test('a copy with other facts is not signed', async () => {
    const real = aVerifiedRun()
    const forged = { ...real, facts: { ...real.facts, repository: { ...real.facts.repository, id: '1' } } }
    await expect(sign(forged)).rejects.toThrow('verified here')
  })
})

describe('the key', () => {
  test('as JWK and as PEM is the same key', async () => {
    const jwk = JSON.stringify(await exportJWK(pair.privateKey))
    expect((await readAttestationKey(new Secret(jwk))).keyId).toBe(key.keyId)
  })
  test('as PEM on one line, as environment files need it, is read too', async () => {
    const oneLine = pem.replaceAll('\n', '\\n')
    expect((await readAttestationKey(new Secret(oneLine))).keyId).toBe(key.keyId)
  })
  test.each(['nonsense-that-is-secret', '{"kty":"OKP"', '{"kty":"OKP","crv":"Ed25519","x":"AA"}'])(
    'that cannot be read is refused without being quoted (%#)',
    async text => {
      const reading = readAttestationKey(new Secret(text))
      await expect(reading).rejects.toThrow('neither')
      await expect(reading).rejects.not.toThrow(text.slice(0, 10))
    },
  )
  test('of another kind is refused', async () => {
    const other = await generateKeyPair('RS256', { extractable: true })
    const text = new Secret(await exportPKCS8(other.privateKey))
    await expect(readAttestationKey(text)).rejects.toThrow('not an Ed25519')
  })
})
