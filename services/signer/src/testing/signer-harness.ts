import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { Attestation } from '@forkproof/contracts/facts'
import { attestationType } from '@forkproof/contracts/facts'
import { Audience, Issuer, TokenId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { silentLogger } from '@forkproof/infra/log'
import { claimIdOf, newTicket, ticketSealKey } from '@forkproof/infra/seal'
import { Secret } from '@forkproof/infra/secret'
import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { CompactSign } from 'jose'
import type { SigningKeyPair } from '../keys/signing-key.ts'
import { type Signer, wireSigner } from '../wire-signer.ts'
import { FakeStream } from './fake-stream.ts'

export const verifierKeys = generateKeyPairSync('ed25519')
export const signerIssuer = Issuer.parse('https://issuer.example')
export const randomKey = () => new Secret(randomBytes(32).toString('base64url'))
let tokens = 0

/** Making RSA keys is slow: harnesses share them, and no harness gets the same key twice. */
const pairs: SigningKeyPair[] = []
function pairAt(index: number) {
  pairs[index] ??= generateKeyPairSync('rsa', { modulusLength: 2_048 })
  return pairs[index]
}

/** Stores and clock that several signers share, as replicas do. */
export function createSignerHarness() {
  return {
    clock: new FakeClock(),
    keysMade: 0,
    keyEncryptionKey: randomKey(),
    signingKeys: new FakeBucket(),
    jwks: new FakeBucket(),
    minted: new FakeBucket(),
    stream: new FakeStream(),
  }
}
export type SignerHarness = ReturnType<typeof createSignerHarness>

/** One replica of the signer, without Temporal. */
export function createSignerReplica(
  harness: SignerHarness,
  encryptionKeys: { previous?: Secret<string>; current?: Secret<string> } = {},
  audiences: readonly string[] = ['https://sts.example'],
): Signer {
  return wireSigner(
    {
      issuer: signerIssuer,
      subjectParts: [],
      audiences: audiences.map(audience => Audience.parse(audience)),
      attestationPublicKey: verifierKeys.publicKey,
      keyEncryptionKey: encryptionKeys.current ?? harness.keyEncryptionKey,
      previousKeyEncryptionKey: encryptionKeys.previous,
      rotationDays: 30,
    },
    {
      signingKeys: harness.signingKeys,
      jwks: harness.jwks,
      minted: harness.minted,
      issuances: harness.stream,
      newKeyPair: () => Promise.resolve(pairAt(harness.keysMade++)),
      newTokenId: () => TokenId.parse(`00000000-0000-4000-8000-${String(++tokens).padStart(12, '0')}`),
      clock: harness.clock,
      log: silentLogger,
    },
  )
}

export async function createClaim() {
  const ticket = newTicket()
  const sealKey = ticketSealKey(ticket)
  return {
    ticket,
    order: { claimId: await claimIdOf(sealKey), audience: Audience.parse('https://sts.example'), sealKey },
  }
}
export type Claim = Awaited<ReturnType<typeof createClaim>>

const alice = { id: '5544', login: 'alice' }
export const facts: Attestation['facts'] = {
  repository: { id: '456789', name: 'octo-org/octo-repo', ownerId: '123456', owner: 'octo-org' },
  headRepository: { id: '998877', name: 'alice/octo-repo', ownerId: '5544', owner: 'alice' },
  run: {
    id: '30433642',
    number: '10',
    attempt: '1',
    workflowName: 'ci',
    workflowPath: '.github/workflows/ci.yml',
    headSha: 'a'.repeat(40),
    headRef: 'fix',
  },
  actor: alice,
  triggeringActor: alice,
  pullRequest: {
    number: '12',
    baseRef: 'main',
    baseSha: 'b'.repeat(40),
    author: alice,
    authorAssociation: 'FIRST_TIME_CONTRIBUTOR',
    state: 'open',
    readAt: 1_789_999_999,
  },
}

export function attestationFor(
  harness: { readonly clock: Clock },
  claim: Claim,
  changes: Partial<Attestation> = {},
): Attestation {
  const nowSeconds = Math.floor(harness.clock.now() / 1_000)
  const { claimId, audience } = claim.order
  return { claimId, audience, facts, channel: 'artifact', seenAt: nowSeconds, exp: nowSeconds + 120, ...changes }
}

/** As the verifier signs; `header` and `key` let a test do it wrong. */
export const signAttestation = (
  payload: unknown,
  { header = {}, key = verifierKeys.privateKey }: { header?: Record<string, unknown>; key?: KeyObject } = {},
): Promise<string> =>
  new CompactSign(new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'EdDSA', typ: attestationType, ...header })
    .sign(key)
