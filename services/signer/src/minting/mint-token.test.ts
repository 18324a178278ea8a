import { Audience } from '@forkproof/contracts/ids'
import type { IdTokenClaims } from '@forkproof/contracts/token'
import { openWithTicket } from '@forkproof/infra/seal'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  attestationFor,
  type Claim,
  createClaim,
  createSignerHarness,
  createSignerReplica,
  facts,
  type SignerHarness,
  signAttestation,
  signerIssuer,
} from '../testing/signer-harness.ts'

let harness: SignerHarness
let claim: Claim
let attestation: string
let replica: ReturnType<typeof createSignerReplica>

beforeEach(async () => {
  harness = createSignerHarness()
  replica = createSignerReplica(harness)
  await replica.keeper.start()
  claim = await createClaim()
  attestation = await signAttestation(attestationFor(harness, claim))
})

const mint = (by = replica, given: Partial<{ order: Claim['order']; attestation: string }> = {}) =>
  by.mintToken({ order: claim.order, attestation, ...given })

/** Opens and verifies as a relying party does. */
async function tokenOf(outcome: Awaited<ReturnType<typeof mint>>) {
  if (outcome.outcome !== 'minted') throw new Error(`refused: ${outcome.reason}`)
  const token = (await openWithTicket(outcome.sealedToken, claim.ticket)).reveal()
  const published = JSON.parse((await harness.jwks.get('current'))?.value ?? '')
  const options = {
    issuer: signerIssuer,
    audience: claim.order.audience,
    algorithms: ['RS256'],
    currentDate: new Date(harness.clock.now()),
  }
  const { payload, protectedHeader } = await jwtVerify<IdTokenClaims>(token, createLocalJWKSet(published), options)
  return { token, payload, protectedHeader }
}

describe('an audience that the signer is not set to sign for', () => {
  it.each(['https://other.example', 'sigstore', 'https://sts.amazonaws.com', 'https://sts.example/', 'any'])(
    '%s is refused, although gateway and verifier agree on it',
    async name => {
      const audience = Audience.parse(name)
      const order = { ...claim.order, audience }
      const statement = await signAttestation(attestationFor(harness, { ...claim, order }))
      const outcome = await mint(replica, { order, attestation: statement })
      expect(outcome).toEqual({ outcome: 'refused', reason: 'audience_not_signed' })
      expect(harness.minted.writes).toEqual([])
      expect(harness.stream.texts).toEqual([])
    },
  )
  it('is refused also for a claim that had a token before the setting changed', async () => {
    expect((await mint()).outcome).toBe('minted')
    const stricter = createSignerReplica(harness, {}, [])
    expect(await mint(stricter)).toEqual({ outcome: 'refused', reason: 'audience_not_signed' })
  })
  it('is never the issuer’s own', async () => {
    const audience = Audience.parse(signerIssuer)
    const order = { ...claim.order, audience }
    const statement = await signAttestation(attestationFor(harness, { ...claim, order }))
    const stricter = createSignerReplica(harness, {}, [])
    expect((await mint(stricter, { order, attestation: statement })).outcome).toBe('minted')
  })
})

describe('minting', () => {
  it('gives a token that the published keys verify, sealed to the claim', async () => {
    const { payload, protectedHeader } = await tokenOf(await mint())
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.stringMatching(/^[\w-]{43}$/) })
    expect(payload.sub).toBe('repo_id:456789:fork_pull_request')
    expect(payload.exp - payload.iat).toBe(300)
    expect(payload.iat - payload.nbf).toBe(30)
    expect(payload.repository).toBe(facts.repository.name)
  })

  it('gives the same token again, sealed anew', async () => {
    const [first, second] = [await mint(), await mint()]
    expect((await tokenOf(second)).token).toBe((await tokenOf(first)).token)
    expect(second).not.toEqual(first)
    expect(harness.stream.texts).toHaveLength(1)
  })

  it('gives one token to two mints at once in two replicas', async () => {
    const other = createSignerReplica(harness)
    const outcomes = await Promise.all([mint(), mint(other), mint(), mint(other)])
    const tokens = await Promise.all(outcomes.map(async outcome => (await tokenOf(outcome)).token))
    expect(new Set(tokens).size).toBe(1)
    expect(harness.stream.texts).toHaveLength(1)
  })

  it('keeps the facts of the first attestation when a second one says otherwise', async () => {
    await mint()
    const changed = { ...facts, actor: { id: '666', login: 'mallory' } }
    const second = await signAttestation(attestationFor(harness, claim, { facts: changed }))
    expect((await tokenOf(await mint(replica, { attestation: second }))).payload.actor).toBe('alice')
  })

  it('serves a claim that was served before although its attestation has expired', async () => {
    const first = await tokenOf(await mint())
    harness.clock.advance(200_000)
    expect((await tokenOf(await mint())).token).toBe(first.token)
  })

  it('serves a promised token although its key was retired meanwhile', async () => {
    await replica.keeper.change({ operation: 'prepare' })
    harness.clock.advance(400_000)
    attestation = await signAttestation(attestationFor(harness, claim))
    const first = await tokenOf(await mint())
    const { keys } = await replica.keeper.change({ operation: 'status' })
    await replica.keeper.change({ operation: 'activate', keyId: keys[1]?.keyId ?? '' })
    const second = await tokenOf(await mint())
    expect(second.token).toBe(first.token)
    expect(second.protectedHeader.kid).toBe(keys[0]?.keyId)
  })
})

describe('a refusal', () => {
  it('meets a first mint after the attestation has expired', async () => {
    harness.clock.advance(120_000)
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
    expect(harness.stream.texts).toEqual([])
  })

  it('meets a repeat after the token has expired', async () => {
    await mint()
    harness.clock.advance(300_000)
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
  })

  it('meets a repeat whose key was tainted meanwhile', async () => {
    await mint()
    const { keys } = await replica.keeper.change({ operation: 'status' })
    await replica.keeper.change({ operation: 'taint', keyId: keys[0]?.keyId ?? '' })
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
  })

  it('meets a claim that presents the attestation of another', async () => {
    const other = await createClaim()
    expect(await mint(replica, { order: other.order })).toEqual({ outcome: 'refused', reason: 'attestation_mismatch' })
  })

  it('meets an attested claim whose key was exchanged for an attacker’s', async () => {
    const { sealKey } = (await createClaim()).order
    const order = { ...claim.order, sealKey }
    expect(await mint(replica, { order })).toEqual({ outcome: 'refused', reason: 'attestation_mismatch' })
  })

  it('meets an attested claim that asks for another audience', async () => {
    const order = { ...claim.order, audience: 'https://bank.example' as typeof claim.order.audience }
    expect(await mint(replica, { order })).toEqual({ outcome: 'refused', reason: 'attestation_mismatch' })
  })

  it('meets facts so large that the token would not fit', async () => {
    const run = { ...facts.run, headRef: '\u0001'.repeat(1_024), workflowName: 'ü'.repeat(1_024) }
    attestation = await signAttestation(attestationFor(harness, claim, { facts: { ...facts, run } }))
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_invalid' })
    expect(harness.stream.texts).toEqual([])
  })

  it('never leaves a reservation behind', async () => {
    harness.clock.advance(120_000)
    await mint()
    expect(harness.minted.writes).toEqual([])
  })
})

describe('a store that was written to by others', () => {
  const reservation = async (changes: Record<string, unknown>) => {
    await mint()
    const entry = JSON.parse((await harness.minted.get(claim.order.claimId))?.value ?? '')
    harness.minted.put(claim.order.claimId, JSON.stringify({ ...entry, ...changes }))
  }

  it('cannot put an unsigned statement in place of the attestation', async () => {
    const forged = Buffer.from(JSON.stringify(attestationFor(harness, claim))).toString('base64url')
    await reservation({ attestation: `${attestation.split('.')[0]}.${forged}.${attestation.split('.')[2]}` })
    expect((await mint()).outcome).toBe('minted')
    const evil = Buffer.from(JSON.stringify(attestationFor(harness, claim, { channel: 'log' }))).toString('base64url')
    await reservation({ attestation: `${attestation.split('.')[0]}.${evil}.${attestation.split('.')[2]}` })
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_invalid' })
  })

  it('cannot put another claim’s attestation in place', async () => {
    const other = await createClaim()
    await reservation({ attestation: await signAttestation(attestationFor(harness, other)) })
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_mismatch' })
  })

  it('cannot make a token live longer', async () => {
    await reservation({ iatSeconds: Math.floor(harness.clock.now() / 1_000) + 3_600 })
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_invalid' })
  })

  it('cannot change what was logged', async () => {
    await reservation({ iatSeconds: Math.floor(harness.clock.now() / 1_000) - 10 })
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
  })

  it('cannot name a key that is not ours', async () => {
    await reservation({ keyId: 'x'.repeat(43) })
    expect(await mint()).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
  })

  it('cannot add members', async () => {
    await reservation({ claims: { sub: 'root' } })
    await expect(mint()).rejects.toThrow()
  })
})

describe('a crash', () => {
  it('after the reservation leads to the same token id', async () => {
    harness.stream.beforeAppend = () => {
      throw new Error('killed')
    }
    await expect(mint()).rejects.toThrow('killed')
    const reserved = JSON.parse(harness.minted.writes[0] ?? '')
    harness.stream.beforeAppend = () => undefined
    const { payload } = await tokenOf(await mint(createSignerReplica(harness)))
    expect(payload.jti).toBe(reserved.tokenId)
    expect(harness.minted.writes).toHaveLength(1)
  })

  it('after the log entry leads to the same token and one entry', async () => {
    harness.stream.afterAppend = () => {
      throw new Error('killed')
    }
    await expect(mint()).rejects.toThrow('killed')
    harness.stream.afterAppend = () => undefined
    const { payload } = await tokenOf(await mint(createSignerReplica(harness)))
    expect(harness.stream.texts).toHaveLength(1)
    expect(JSON.parse(harness.stream.texts[0] ?? '').tokenId).toBe(payload.jti)
  })

  it('before anything is stored leaves nothing', async () => {
    harness.minted.beforeWrite = () => {
      throw new Error('killed')
    }
    await expect(mint()).rejects.toThrow('killed')
    expect(harness.stream.texts).toEqual([])
  })

  it('of the key store means no token, not a token under an unknown key', async () => {
    harness.clock.advance(2_000)
    harness.signingKeys.get = () => Promise.reject(new Error('store down'))
    await expect(mint()).rejects.toThrow('store down')
  })

  it('before the first key was made is an error worth another try', async () => {
    const empty = createSignerHarness()
    attestation = await signAttestation(attestationFor(empty, claim))
    await expect(mint(createSignerReplica(empty))).rejects.toMatchObject({ code: 'no_active_key' })
  })
})
