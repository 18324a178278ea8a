import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  attestationFor,
  createClaim,
  createSignerHarness,
  facts,
  signAttestation,
  verifierKeys,
} from '../testing/signer-harness.ts'
import { createAttestationCheck } from './attestation-check.ts'

const harness = createSignerHarness()
const claim = await createClaim()
const good = attestationFor(harness, claim)
const check = createAttestationCheck(verifierKeys.publicKey)
const nowMs = harness.clock.now()
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jws = await signAttestation(good)
const [header = '', payload = '', signature = ''] = jws.split('.')

describe('an attestation', () => {
  it('is what the verifier signed', async () => {
    expect(await check(jws, nowMs)).toMatchObject({ attestation: good, expired: false })
  })

  it('is known by its hash', async () => {
    const other = await check(await signAttestation({ ...good, channel: 'log' }), nowMs)
    expect(other?.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(other?.sha256).not.toBe((await check(jws, nowMs))?.sha256)
  })

  it('expires at its second, and is still readable then', async () => {
    expect((await check(jws, good.exp * 1_000 - 1))?.expired).toBe(false)
    expect((await check(jws, good.exp * 1_000))?.expired).toBe(true)
  })

  it.each<[string, () => string | Promise<string>]>([
    ['nothing', () => ''],
    ['not a JWS', () => 'attestation'],
    ['with two dots only', () => '..'],
    ['without a signature', () => `${header}.${payload}.`],
    ['with another payload', () => `${header}.${encoded({ ...good, audience: 'https://bank.example' })}.${signature}`],
    ['with another header', () => `${encoded({ alg: 'EdDSA', typ: 'JWT' })}.${payload}.${signature}`],
    [
      'with an altered signature',
      () => `${header}.${payload}.${signature.replace(/^./, c => (c === 'A' ? 'B' : 'A'))}`,
    ],
    ['with a fourth part', () => `${jws}.x`],
    ['with white space', () => ` ${jws}`],
    ['that says alg none', () => `${encoded({ alg: 'none', typ: 'forkproof-attestation+jwt' })}.${payload}.`],
    ['by another key', () => signAttestation(good, { key: generateKeyPairSync('ed25519').privateKey })],
    ['of another type', () => signAttestation(good, { header: { typ: 'JWT' } })],
    ['whose type is spelt otherwise', () => signAttestation(good, { header: { typ: 'FORKPROOF-attestation+jwt' } })],
    ['with an unknown header', () => signAttestation(good, { header: { jku: 'https://evil.example' } })],
    [
      'with a key of its own',
      () => signAttestation(good, { header: { jwk: verifierKeys.publicKey.export({ format: 'jwk' }) } }),
    ],
    ['with an extra member', () => signAttestation({ ...good, admin: true })],
    ['with an extra fact', () => signAttestation({ ...good, facts: { ...facts, trusted: true } })],
    ['with a numeric id', () => signAttestation({ ...good, facts: { ...facts, actor: { id: 5544, login: 'alice' } } })],
    ['without an end', () => signAttestation({ ...good, exp: undefined })],
    ['with an end in text', () => signAttestation({ ...good, exp: String(good.exp) })],
    ['good for longer than the verifier says', () => signAttestation({ ...good, exp: good.exp + 61 })],
    ['whose time is in milliseconds', () => signAttestation({ ...good, exp: good.exp * 1_000 })],
    ['that is a list', () => signAttestation([good])],
    ['that is null', () => signAttestation('null')],
    ['that is not JSON', () => signAttestation('{')],
    ['larger than any real one', () => signAttestation({ ...good, padding: 'x'.repeat(20_000) })],
    ['with an unknown channel', () => signAttestation({ ...good, channel: 'rumour' })],
  ])('is nothing %s', async (_name, make) => {
    expect(await check(await make(), nowMs)).toBeUndefined()
  })

  it.each(['der', 'pem'] as const)('is nothing with an HMAC under the public key (%s)', async format => {
    const secret =
      format === 'pem'
        ? verifierKeys.publicKey.export({ format, type: 'spki' })
        : verifierKeys.publicKey.export({ format, type: 'spki' })
    const input = `${encoded({ alg: 'HS256', typ: 'forkproof-attestation+jwt' })}.${payload}`
    const mac = createHmac('sha256', secret).update(input).digest('base64url')
    expect(await check(`${input}.${mac}`, nowMs)).toBeUndefined()
  })
})
