import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { challengeCode } from '@forkproof/contracts/challenge'
import type { ClaimSpec } from '@forkproof/contracts/claim'
import { type Attestation, attestationType } from '@forkproof/contracts/facts'
import { Audience, Issuer } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import type { ProofSeen } from '@forkproof/workflows/claims/api'
import type { MintRequest } from '@forkproof/workflows/claims/ports'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun, exchangeClaim, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { type Intruder, openIntruder } from '../testing/intruder.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

type Header = Record<string, unknown>

let harness: SystemHarness
let intruder: Intruder
/** A claim that was proven in the proper way, as somebody sees it who reads Temporal's histories. */
let victim: { readonly proof: ProofSeen; readonly attestation: Attestation; readonly token: string }
/** The verifier's own key: with it a statement counts, so that what fails below fails for the key or the words alone. */
let verifierKey: KeyObject
const strangerKey = generateKeyPairSync('ed25519').privateKey

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const part = (jws: string, index: number): string => jws.split('.')[index] ?? ''
const properHeader = { alg: 'EdDSA', typ: attestationType }

/** A compact JWS by hand, because libraries refuse to make the wrong ones. */
function jws(payload: unknown, sealer: (input: string) => Buffer, header: Header = properHeader): string {
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${sealer(input).toString('base64url')}`
}
const by = (key: KeyObject) => (input: string) => sign(null, Buffer.from(input), key)
const hmac = (secret: string | Buffer) => (input: string) => createHmac('sha256', secret).update(input).digest()

/** The victim's facts, said of another claim. */
const about = (order: ClaimSpec, change: Partial<Attestation> = {}): Attestation => ({
  ...victim.attestation,
  claimId: order.claimId,
  audience: order.audience,
  exp: Math.floor(Date.now() / 1_000) + 60,
  ...change,
})
const requestFor = ({ claimId, audience, sealKey }: ClaimSpec, attestation: string): MintRequest => ({
  order: { claimId, audience, sealKey },
  attestation,
})
const anOrder = async (): Promise<ClaimSpec> => intruder.order(await createForkRun(harness.github))

beforeAll(async () => {
  harness = await openSystemHarness()
  intruder = await openIntruder(harness)
  verifierKey = createPrivateKey(harness.system.keys.attestationPrivateKey)
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  const { text: token } = await exchangeClaim(answer.exchangeURL)
  const proof = await intruder.proofOf(answer.claimId)
  const attestation = JSON.parse(Buffer.from(part(proof.attestation, 1), 'base64url').toString('utf8'))
  victim = { proof, attestation, token }
})

describe('somebody who asks the signer directly', () => {
  it('gets a token when the verifier’s key has signed for that claim, so that the refusals below mean something', async () => {
    const order = await anOrder()
    const minted = await intruder.mint(requestFor(order, jws(about(order), by(verifierKey))))
    expect(minted).toMatchObject({ outcome: 'minted' })
    const again = await intruder.mint(requestFor(order, jws(about(order), by(verifierKey))))
    expect(again, 'no second token id').toMatchObject({
      outcome: 'minted',
      tokenId: 'tokenId' in minted && minted.tokenId,
    })
  })

  it.each<[string, (order: ClaimSpec) => string]>([
    ['a stranger’s key', order => jws(about(order), by(strangerKey))],
    [
      'a stranger’s key under the verifier’s key id',
      order =>
        jws(
          about(order),
          by(strangerKey),
          JSON.parse(Buffer.from(part(victim.proof.attestation, 0), 'base64url').toString()),
        ),
    ],
    [
      'a stranger’s key that comes along in the header',
      order => {
        const jwk = strangerKey.export({ format: 'jwk' })
        return jws(about(order), by(strangerKey), { ...properHeader, jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x } })
      },
    ],
    [
      'a stranger’s key at an address in the header',
      order => jws(about(order), by(strangerKey), { ...properHeader, jku: `${harness.issuer}/.well-known/jwks` }),
    ],
    ['alg none and no signature', order => jws(about(order), () => Buffer.alloc(0), { ...properHeader, alg: 'none' })],
    ['alg None and no signature', order => jws(about(order), () => Buffer.alloc(0), { ...properHeader, alg: 'None' })],
    ['no signature under the right alg', order => jws(about(order), () => Buffer.alloc(0))],
    ['a signature of zeros', order => jws(about(order), () => Buffer.alloc(64))],
    [
      'HS256 with the public key’s PEM as secret',
      order => jws(about(order), hmac(harness.system.keys.attestationPublicKey), { ...properHeader, alg: 'HS256' }),
    ],
    [
      'HS256 with the public key’s bytes as secret',
      order => {
        const { x = '' } = createPrivateKey(harness.system.keys.attestationPrivateKey).export({ format: 'jwk' })
        return jws(about(order), hmac(Buffer.from(x, 'base64url')), { ...properHeader, alg: 'HS256' })
      },
    ],
    [
      'a genuine statement with another claim written into it',
      order => `${part(victim.proof.attestation, 0)}.${encoded(about(order))}.${part(victim.proof.attestation, 2)}`,
    ],
    [
      'the verifier’s signature under another type',
      order => jws(about(order), by(verifierKey), { alg: 'EdDSA', typ: 'JWT' }),
    ],
    ['the verifier’s signature without a type', order => jws(about(order), by(verifierKey), { alg: 'EdDSA' })],
    [
      'the verifier’s signature with a critical header',
      order => jws(about(order), by(verifierKey), { ...properHeader, crit: ['b64'], b64: false }),
    ],
    [
      'a statement that is good for longer than the verifier ever says',
      order =>
        jws(
          about(order, { exp: Math.floor(Date.now() / 1_000) + limits.attestationLifetimeSeconds + 3_600 }),
          by(verifierKey),
        ),
    ],
    [
      'a statement with a claim of its own',
      order => jws({ ...about(order), sub: 'repo:octo-org/octo-repo' }, by(verifierKey)),
    ],
    ['an ID token of ours', () => victim.token],
    ['nothing that is signed', () => 'x'],
  ])('with %s is refused as attestation_invalid', async (_what, forge) => {
    const order = await anOrder()
    expect(await intruder.mint(requestFor(order, forge(order)))).toEqual({
      outcome: 'refused',
      reason: 'attestation_invalid',
    })
  })

  it('with a genuine statement that is too old is refused as attestation_expired', async () => {
    const order = await anOrder()
    const old = jws(about(order, { exp: Math.floor(Date.now() / 1_000) - 1 }), by(verifierKey))
    expect(await intruder.mint(requestFor(order, old))).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
  })

  it.each<[string, (mine: ClaimSpec) => Partial<MintRequest['order']>]>([
    ['a key of one’s own in place of the claim’s', ({ sealKey }) => ({ sealKey })],
    ['a claim of one’s own', ({ claimId, sealKey }) => ({ claimId, sealKey })],
    ['another audience', () => ({ audience: Audience.parse('https://other.example.dev') })],
    ['another claim’s id', ({ claimId }) => ({ claimId })],
  ])('with somebody’s genuine statement and %s is refused as attestation_mismatch', async (_what, change) => {
    const [theirs, mine] = [await anOrder(), await anOrder()]
    const genuine = requestFor(theirs, jws(about(theirs), by(verifierKey)))
    const swapped = { ...genuine, order: { ...genuine.order, ...change(mine) } }
    const refused = { outcome: 'refused', reason: 'attestation_mismatch' }
    expect(await intruder.mint(swapped)).toEqual(refused)
    expect(await intruder.mint(genuine), 'what it was made for').toMatchObject({ outcome: 'minted' })
    expect(await intruder.mint(swapped), 'also after that').toEqual(refused)
  })

  it('with the statement out of a real history gets nothing for a key of its own', async () => {
    const { claimId, sealKey, audience } = await anOrder()
    const { attestation } = victim.proof
    const refused = { outcome: 'refused', reason: 'attestation_mismatch' }
    expect(await intruder.mint({ order: { claimId, audience, sealKey }, attestation })).toEqual(refused)
    const theirId = { claimId: victim.attestation.claimId, audience: victim.attestation.audience, sealKey }
    expect(await intruder.mint({ order: theirId, attestation })).toEqual(refused)
  })
})

describe.concurrent('a gateway that tells the workflow of a proof itself', () => {
  // The workflow waits for the verifier too, so each of these lasts as long as its claim.
  const lifetimeMs = 8_000
  const run = async (prove: (order: ClaimSpec) => string) => {
    const order = await intruder.order(await createForkRun(harness.github), lifetimeMs)
    return intruder.run(order, { ...victim.proof, attestation: prove(order) })
  }

  it('gets a token for the verifier’s signature, so that the refusals below mean something', async () => {
    expect(await run(order => jws(about(order), by(verifierKey)))).toMatchObject({ verdict: 'proven' })
  })

  it('is refused for a stranger’s signature', async () => {
    const verdict = await run(order => jws(about(order), by(strangerKey)))
    expect(verdict).toEqual({ verdict: 'refused', reason: 'attestation_invalid' })
  })

  it('is refused for another claim’s genuine proof', async () => {
    const verdict = await run(() => victim.proof.attestation)
    expect(verdict).toEqual({ verdict: 'refused', reason: 'attestation_mismatch' })
  })
})

describe.concurrent('a gateway that starts a claim for a code that a run shows', () => {
  const issuer = () => Issuer.parse(harness.issuer)
  const relayed = async (change: (order: ClaimSpec) => Promise<Partial<ClaimSpec>>) => {
    const of = await createForkRun(harness.github)
    const honest = await intruder.order(of)
    const order = { ...honest, ...(await change(honest)) }
    await harness.github.send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name: order.challengeCode })
    return intruder.run(order)
  }
  const codeFor = (order: ClaimSpec, change: Partial<Parameters<typeof challengeCode>[0]>) =>
    challengeCode({ issuer: issuer(), ...order, ...change })

  it('is served when everything belongs together', async () => {
    expect(await relayed(async () => ({}))).toMatchObject({ verdict: 'proven', channel: 'artifact' })
  })

  it.each<[string, (order: ClaimSpec) => Promise<Partial<ClaimSpec>>]>([
    ['another audience', async () => ({ audience: Audience.parse('https://other.example.dev') })],
    [
      'another audience, with the code made for the first',
      async order => ({
        challengeCode: await codeFor(order, { audience: Audience.parse('https://other.example.dev') }),
      }),
    ],
    [
      'another issuer',
      async order => ({ challengeCode: await codeFor(order, { issuer: Issuer.parse('https://other.example.dev') }) }),
    ],
    ['another claim', async () => ({ challengeCode: (await anOrder()).challengeCode })],
    ['another key under the same id', async () => ({ sealKey: (await anOrder()).sealKey })],
    [
      'another id and key',
      async () => {
        const { claimId, sealKey } = await anOrder()
        return { claimId, sealKey }
      },
    ],
    ['another nonce', async () => ({ nonce: (await anOrder()).nonce })],
  ])('is refused for %s', async (_what, change) => {
    expect(await relayed(change)).toEqual({ verdict: 'refused', reason: 'attestation_mismatch' })
  })
})
