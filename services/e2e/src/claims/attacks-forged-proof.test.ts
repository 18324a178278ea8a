import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { challengeCode } from '@forkproof/contracts/challenge'
import type { ClaimSpec, MintRequest } from '@forkproof/contracts/claim-spec'
import { type Attestation, attestationType } from '@forkproof/contracts/facts'
import { Audience, Issuer } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import type { ProofSeen } from '@forkproof/workflows/claims/api'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun, exchangeClaim, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { type IntruderHarness, openIntruderHarness } from '../testing/intruder-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

type Header = Record<string, unknown>

let harness: SystemHarness
let intruder: IntruderHarness
/** A claim that was properly proven, as a reader of Temporal's histories sees it. */
let victim: { readonly proof: ProofSeen; readonly attestation: Attestation; readonly token: string }
/** The verifier's own key. A statement signed with it counts, so what fails below fails for its key or its content. */
let verifierKey: KeyObject
const strangerKey = generateKeyPairSync('ed25519').privateKey

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const part = (jws: string, index: number): string => jws.split('.')[index] ?? ''
const properHeader = { alg: 'EdDSA', typ: attestationType }

/** A compact JWS by hand (RFC 7515): libraries refuse to make the wrong ones. */
function jws(payload: unknown, sealer: (input: string) => Buffer, header: Header = properHeader): string {
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${sealer(input).toString('base64url')}`
}
const by = (key: KeyObject) => (input: string) => sign(null, Buffer.from(input), key)
const hmac = (secret: string | Buffer) => (input: string) => createHmac('sha256', secret).update(input).digest()

/** The victim's facts, stated about another claim. */
const about = (spec: ClaimSpec, change: Partial<Attestation> = {}): Attestation => ({
  ...victim.attestation,
  claimId: spec.claimId,
  audience: spec.audience,
  exp: Math.floor(Date.now() / 1_000) + 60,
  ...change,
})
const requestFor = ({ claimId, audience, sealKey }: ClaimSpec, attestation: string): MintRequest => ({
  order: { claimId, audience, sealKey },
  attestation,
})
const someSpec = async (): Promise<ClaimSpec> => intruder.specFor(await createForkRun(harness.github))

beforeAll(async () => {
  harness = await openSystemHarness()
  intruder = await openIntruderHarness(harness)
  verifierKey = createPrivateKey(harness.system.keys.attestationPrivateKey)
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  const { text: token } = await exchangeClaim(answer.exchangeURL)
  const proof = await intruder.proofOf(answer.claimId)
  const attestation = JSON.parse(Buffer.from(part(proof.attestation, 1), 'base64url').toString('utf8'))
  victim = { proof, attestation, token }
})

describe('an attacker who asks the signer directly', () => {
  it('gets a token when the verifier’s key has signed for that claim, so that the refusals below mean something', async () => {
    const spec = await someSpec()
    const minted = await intruder.mint(requestFor(spec, jws(about(spec), by(verifierKey))))
    expect(minted).toMatchObject({ outcome: 'minted' })
    const again = await intruder.mint(requestFor(spec, jws(about(spec), by(verifierKey))))
    expect(again, 'no second token id').toMatchObject({
      outcome: 'minted',
      tokenId: 'tokenId' in minted && minted.tokenId,
    })
  })

  it.each<[string, (spec: ClaimSpec) => string]>([
    ['a stranger’s key', spec => jws(about(spec), by(strangerKey))],
    [
      'a stranger’s key under the verifier’s key id',
      spec =>
        jws(
          about(spec),
          by(strangerKey),
          JSON.parse(Buffer.from(part(victim.proof.attestation, 0), 'base64url').toString()),
        ),
    ],
    [
      'a stranger’s key that comes along in the header',
      spec => {
        const jwk = strangerKey.export({ format: 'jwk' })
        return jws(about(spec), by(strangerKey), { ...properHeader, jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x } })
      },
    ],
    [
      'a stranger’s key at an address in the header',
      spec => jws(about(spec), by(strangerKey), { ...properHeader, jku: `${harness.issuer}/.well-known/jwks` }),
    ],
    ['alg none and no signature', spec => jws(about(spec), () => Buffer.alloc(0), { ...properHeader, alg: 'none' })],
    ['alg None and no signature', spec => jws(about(spec), () => Buffer.alloc(0), { ...properHeader, alg: 'None' })],
    ['no signature under the right alg', spec => jws(about(spec), () => Buffer.alloc(0))],
    ['a signature of zeros', spec => jws(about(spec), () => Buffer.alloc(64))],
    [
      'HS256 with the public key’s PEM as secret',
      spec => jws(about(spec), hmac(harness.system.keys.attestationPublicKey), { ...properHeader, alg: 'HS256' }),
    ],
    [
      'HS256 with the public key’s bytes as secret',
      spec => {
        const { x = '' } = createPrivateKey(harness.system.keys.attestationPrivateKey).export({ format: 'jwk' })
        return jws(about(spec), hmac(Buffer.from(x, 'base64url')), { ...properHeader, alg: 'HS256' })
      },
    ],
    [
      'a genuine statement with another claim written into it',
      spec => `${part(victim.proof.attestation, 0)}.${encoded(about(spec))}.${part(victim.proof.attestation, 2)}`,
    ],
    [
      'the verifier’s signature under another type',
      spec => jws(about(spec), by(verifierKey), { alg: 'EdDSA', typ: 'JWT' }),
    ],
    ['the verifier’s signature without a type', spec => jws(about(spec), by(verifierKey), { alg: 'EdDSA' })],
    [
      'the verifier’s signature with a critical header',
      spec => jws(about(spec), by(verifierKey), { ...properHeader, crit: ['b64'], b64: false }),
    ],
    [
      'a statement that is good for longer than the verifier ever says',
      spec =>
        jws(
          about(spec, { exp: Math.floor(Date.now() / 1_000) + limits.attestationLifetimeSeconds + 3_600 }),
          by(verifierKey),
        ),
    ],
    [
      'a statement with a claim of its own',
      spec => jws({ ...about(spec), sub: 'repo:octo-org/octo-repo' }, by(verifierKey)),
    ],
    ['an ID token of this issuer', () => victim.token],
    ['nothing that is signed', () => 'x'],
  ])('with %s is refused as attestation_invalid', async (_what, forge) => {
    const spec = await someSpec()
    expect(await intruder.mint(requestFor(spec, forge(spec)))).toEqual({
      outcome: 'refused',
      reason: 'attestation_invalid',
    })
  })

  it('with a genuine statement that is too old is refused as attestation_expired', async () => {
    const spec = await someSpec()
    const old = jws(about(spec, { exp: Math.floor(Date.now() / 1_000) - 1 }), by(verifierKey))
    expect(await intruder.mint(requestFor(spec, old))).toEqual({ outcome: 'refused', reason: 'attestation_expired' })
  })

  it.each<[string, (mine: ClaimSpec) => Partial<MintRequest['order']>]>([
    ['a key of one’s own in place of the claim’s', ({ sealKey }) => ({ sealKey })],
    ['a claim of one’s own', ({ claimId, sealKey }) => ({ claimId, sealKey })],
    ['another audience', () => ({ audience: Audience.parse('https://other.example.dev') })],
    ['another claim’s id', ({ claimId }) => ({ claimId })],
  ])('with somebody’s genuine statement and %s is refused as attestation_mismatch', async (_what, change) => {
    const [theirs, mine] = [await someSpec(), await someSpec()]
    const genuine = requestFor(theirs, jws(about(theirs), by(verifierKey)))
    const swapped = { ...genuine, order: { ...genuine.order, ...change(mine) } }
    const refused = { outcome: 'refused', reason: 'attestation_mismatch' }
    expect(await intruder.mint(swapped)).toEqual(refused)
    expect(await intruder.mint(genuine), 'what it was made for').toMatchObject({ outcome: 'minted' })
    expect(await intruder.mint(swapped), 'also after that').toEqual(refused)
  })

  it('with the statement out of a real history gets nothing for a key of its own', async () => {
    const { claimId, sealKey, audience } = await someSpec()
    const { attestation } = victim.proof
    const refused = { outcome: 'refused', reason: 'attestation_mismatch' }
    expect(await intruder.mint({ order: { claimId, audience, sealKey }, attestation })).toEqual(refused)
    const theirId = { claimId: victim.attestation.claimId, audience: victim.attestation.audience, sealKey }
    expect(await intruder.mint({ order: theirId, attestation })).toEqual(refused)
  })
})

describe.concurrent('a gateway that tells the workflow of a proof itself', () => {
  // The workflow waits for the verifier too, so each test lasts as long as its claim.
  const lifetimeMs = 8_000
  const run = async (prove: (spec: ClaimSpec) => string) => {
    const spec = await intruder.specFor(await createForkRun(harness.github), { lifetimeMs })
    return intruder.run(spec, { ...victim.proof, attestation: prove(spec) })
  }

  it('gets a token for the verifier’s signature, so that the refusals below mean something', async () => {
    expect(await run(spec => jws(about(spec), by(verifierKey)))).toMatchObject({ verdict: 'proven' })
  })

  it('is refused for a stranger’s signature', async () => {
    const verdict = await run(spec => jws(about(spec), by(strangerKey)))
    expect(verdict).toEqual({ verdict: 'refused', reason: 'attestation_invalid' })
  })

  it('is refused for another claim’s genuine proof', async () => {
    const verdict = await run(() => victim.proof.attestation)
    expect(verdict).toEqual({ verdict: 'refused', reason: 'attestation_mismatch' })
  })
})

describe.concurrent('a gateway that starts a claim for a code that a run shows', () => {
  const issuer = () => Issuer.parse(harness.issuer)
  const relayed = async (change: (spec: ClaimSpec) => Promise<Partial<ClaimSpec>>) => {
    const of = await createForkRun(harness.github)
    const honest = await intruder.specFor(of)
    const spec = { ...honest, ...(await change(honest)) }
    await harness.github.send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name: spec.challengeCode })
    return intruder.run(spec)
  }
  const codeFor = (spec: ClaimSpec, change: Partial<Parameters<typeof challengeCode>[0]>) =>
    challengeCode({ issuer: issuer(), ...spec, ...change })

  it('is served when everything belongs together', async () => {
    expect(await relayed(async () => ({}))).toMatchObject({ verdict: 'proven', channel: 'artifact' })
  })

  it.each<[string, (spec: ClaimSpec) => Promise<Partial<ClaimSpec>>]>([
    ['another audience', async () => ({ audience: Audience.parse('https://other.example.dev') })],
    [
      'another audience, with the code made for the first',
      async spec => ({
        challengeCode: await codeFor(spec, { audience: Audience.parse('https://other.example.dev') }),
      }),
    ],
    [
      'another issuer',
      async spec => ({ challengeCode: await codeFor(spec, { issuer: Issuer.parse('https://other.example.dev') }) }),
    ],
    ['another claim', async () => ({ challengeCode: (await someSpec()).challengeCode })],
    ['another key under the same id', async () => ({ sealKey: (await someSpec()).sealKey })],
    [
      'another id and key',
      async () => {
        const { claimId, sealKey } = await someSpec()
        return { claimId, sealKey }
      },
    ],
    ['another nonce', async () => ({ nonce: (await someSpec()).nonce })],
  ])('is refused for %s', async (_what, change) => {
    expect(await relayed(change)).toEqual({ verdict: 'refused', reason: 'attestation_mismatch' })
  })
})
