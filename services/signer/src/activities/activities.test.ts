import type { MintRequest } from '@forkproof/contracts/claim-spec'
import { silentLogger } from '@forkproof/infra/log'
import { openWithTicket } from '@forkproof/infra/seal'
import type { KeyOperation } from '@forkproof/workflows/keys/api'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  attestationFor,
  createClaim,
  createSignerHarness,
  createSignerReplica,
  signAttestation,
} from '../testing/signer-harness.ts'
import { createKeyActivities } from './key-activities.ts'
import { createSigningActivities } from './signing-activities.ts'

const harness = createSignerHarness()
const { keeper, mintToken: mint } = createSignerReplica(harness)
const logged: string[] = []
const log = {
  ...silentLogger,
  info: (fields: object, message: string) => void logged.push(JSON.stringify({ ...fields, message })),
  warn: (fields: object, message: string) => void logged.push(JSON.stringify({ ...fields, message })),
}
const { mintToken } = createSigningActivities({ mintToken: mint, log })
const { changeKeys } = createKeyActivities({ keeper, log })
const claim = await createClaim()
const attestation = await signAttestation(attestationFor(harness, claim))
const good = { order: claim.order, attestation }

beforeAll(() => keeper.start())

describe('the activity mintToken', () => {
  it('logs the token’s id and neither the token nor the attestation', async () => {
    expect((await mintToken(good)).outcome).toBe('minted')
    expect(logged.join()).toContain('tokenId')
    expect(logged.join()).not.toContain(attestation.slice(0, 20))
    expect(logged.join()).not.toMatch(/eyJ/)
  })

  it('mints what the attestation says and nothing else, whatever a later release asks for', async () => {
    const one = await mintToken(good)
    const later = { ...good, claims: { sub: 'root' }, order: { ...good.order, sub: 'root' } }
    const other = await mintToken(later as MintRequest)
    if (one.outcome !== 'minted' || other.outcome !== 'minted') throw new Error('refused')
    expect(other.tokenId).toBe(one.tokenId)
    const opened = async (sealed: string) => (await openWithTicket(sealed, claim.ticket)).reveal()
    expect(await opened(other.sealedToken)).toBe(await opened(one.sealedToken))
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', [good]],
    ['no attestation', { order: good.order }],
    ['an attestation that is no text', { ...good, attestation: { toString: () => attestation } }],
    ['a huge attestation', { ...good, attestation: 'x'.repeat(20_000) }],
    ['a claim id that is none', { ...good, order: { ...good.order, claimId: '../jwks' } }],
    ['an audience with a quote', { ...good, order: { ...good.order, audience: 'a"b' } }],
    ['two audiences', { ...good, order: { ...good.order, audience: ['a', 'b'] } }],
    ['a key with its private half', { ...good, order: { ...good.order, sealKey: { ...good.order.sealKey, d: 'x' } } }],
    ['a key of another kind', { ...good, order: { ...good.order, sealKey: { kty: 'RSA', n: 'x', e: 'AQAB' } } }],
  ])('refuses %s', async (_name, given) => {
    const before = harness.minted.writes.length
    expect(await mintToken(given as MintRequest)).toEqual({ outcome: 'refused', reason: 'attestation_invalid' })
    expect(harness.minted.writes).toHaveLength(before)
  })
})

describe('the activity changeKeys', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an unknown word', { operation: 'export' }],
    ['a key id that is none', { operation: 'taint', keyId: 'x' }],
    ['no key id', { operation: 'drop' }],
    ['more than it knows', { operation: 'prepare', private: true }],
  ])('refuses %s and changes nothing', async (_name, given) => {
    const before = harness.signingKeys.writes.length
    expect(await changeKeys(given as KeyOperation)).toMatchObject({ outcome: 'refused', code: 'key_not_found' })
    expect(harness.signingKeys.writes).toHaveLength(before)
  })
})
