import { createPrivateKey } from 'node:crypto'
import { buckets } from '@forkproof/contracts/subjects'
import { systemClock } from '@forkproof/infra/clock'
import { silentLogger } from '@forkproof/infra/log'
import { openWithTicket } from '@forkproof/infra/seal'
import type { LocalSystem } from '@forkproof/local/running/local-system'
import { serviceEnvironment } from '@forkproof/local/running/service-environment'
import { startActivities } from '@forkproof/signer/compose'
import { readConfig } from '@forkproof/signer/config'
import { lastSequence, readLog } from '@forkproof/signer/issuance/read-log'
import { verifyChain } from '@forkproof/signer/issuance/verify-chain'
import { attestationFor, createClaim, signAttestation } from '@forkproof/signer/testing/signer-harness'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { openBus, openPartialSystem } from '../testing/partial-system-harness.ts'

let system: LocalSystem
let bus: Awaited<ReturnType<typeof openBus>>
/** Two replicas with connections of their own. */
let replicas: Awaited<ReturnType<typeof startActivities>>[]

async function openReplica() {
  const { keys, busPasswords: passwords } = system
  const ports = { gateway: 8_080, simulator: 0, temporal: 0, temporalUi: 0, nats: 0, builders: 0, depot: 0 }
  const config = readConfig(
    serviceEnvironment('signer', {
      ports,
      keys,
      passwords,
      actions: {},
      programs: inject('programs'),
      operatorToken: system.operatorToken,
      stateFolder: '',
    }),
  )
  return startActivities(config, await openBus(system, 'signer'), silentLogger)
}

beforeAll(async () => {
  system = await openPartialSystem()
  bus = await openBus(system, 'signer')
  replicas = await Promise.all([openReplica(), openReplica()])
})

async function provenClaim() {
  const claim = await createClaim()
  const key = createPrivateKey(system.keys.attestationPrivateKey)
  const attestation = await signAttestation(attestationFor({ clock: systemClock }, claim), { key })
  return { ...claim, request: { order: claim.order, attestation } }
}

const mint = async (replica: number, claim: Awaited<ReturnType<typeof provenClaim>>) => {
  const outcome = await replicas[replica]?.mintToken(claim.request)
  if (outcome?.outcome !== 'minted') throw new Error(`refused: ${outcome?.reason}`)
  return outcome
}
const verify = async () => verifyChain(readLog(bus, 1, await lastSequence(bus)))

describe('two signers on a real NATS with only the signer’s rights', () => {
  it('make one first key between them', async () => {
    const statuses = await Promise.all(replicas.map(replica => replica.changeKeys({ operation: 'status' })))
    expect(statuses[0]?.keys.map(key => key.state)).toEqual(['active'])
    expect(statuses[1]).toEqual(statuses[0])
  })

  it('mint one token a claim and one chain of entries, however they race', async () => {
    const before = await lastSequence(bus)
    const claims = await Promise.all(Array.from({ length: 40 }, provenClaim))
    const minted = await Promise.all(claims.map(claim => Promise.all([mint(0, claim), mint(1, claim)])))
    for (const [one, other] of minted) expect(one?.tokenId).toBe(other?.tokenId)
    expect(await verify()).toMatchObject({ verdict: 'intact', count: before + 40 })
  })

  it('give a token that the published document verifies', async () => {
    const claim = await provenClaim()
    const token = await openWithTicket((await mint(0, claim)).sealedToken, claim.ticket)
    const jwks = await (await bus.bucket(buckets.jwks)).get('current')
    const { payload } = await jwtVerify(token.reveal(), createLocalJWKSet(JSON.parse(jwks?.value ?? '')))
    expect(payload.iss).toBe('http://127.0.0.1:8080')
  })

  it('repeat a mint long after others have moved the end of the log', async () => {
    const claim = await provenClaim()
    const first = await mint(0, claim)
    for (let others = 0; others < 5; others++) await mint(others % 2, await provenClaim())
    const before = await lastSequence(bus)
    expect((await mint(1, claim)).tokenId).toBe(first.tokenId)
    expect(await lastSequence(bus)).toBe(before)
  })

  it('keep the chain and the token ids over a kill of the server', async () => {
    const claims = await Promise.all(Array.from({ length: 30 }, provenClaim))
    const racing = Promise.allSettled(claims.map((claim, index) => mint(index % 2, claim)))
    await system.killPart('nats')
    const answered = await racing
    await system.startPart('nats')
    await expect.poll(() => bus.isUp(), { timeout: 20_000 }).toBe(true)
    for (const [index, claim] of claims.entries()) {
      const again = await expectMinted(() => mint((index + 1) % 2, claim))
      const before = answered[index]
      if (before?.status === 'fulfilled') expect(again.tokenId).toBe(before.value.tokenId)
    }
    expect(await verify()).toMatchObject({ verdict: 'intact' })
    const last = claims[29]
    if (!last) throw new Error('no claim')
    const sequence = await lastSequence(bus)
    await mint(0, last)
    expect(await lastSequence(bus)).toBe(sequence)
  })

  it('taint a key for both within a second', async () => {
    const [{ keyId = '' } = {}] = (await replicas[0]?.changeKeys({ operation: 'status' }))?.keys ?? []
    await replicas[0]?.changeKeys({ operation: 'taint', keyId })
    await expect.poll(async () => kidOf(await provenClaim(), 1), { timeout: 5_000, interval: 100 }).not.toBe(keyId)
    expect(await kidOf(await provenClaim(), 0)).not.toBe(keyId)
  })
})

async function kidOf(claim: Awaited<ReturnType<typeof provenClaim>>, replica: number): Promise<string> {
  const token = await openWithTicket((await mint(replica, claim)).sealedToken, claim.ticket)
  return JSON.parse(Buffer.from(token.reveal().split('.')[0] ?? '', 'base64url').toString()).kid
}

/** Temporal would try the activity again. Here the test does, until the connection is back. */
async function expectMinted<T>(attempt: () => Promise<T>): Promise<T> {
  let minted: T | undefined
  await expect
    .poll(
      async () => {
        minted = await attempt().catch(() => undefined)
        return minted
      },
      { timeout: 20_000 },
    )
    .toBeDefined()
  if (minted === undefined) throw new Error('not minted')
  return minted
}
