import { audiencePolicy } from '@forkproof/contracts/audience-policy'
import type { TokenId } from '@forkproof/contracts/ids'
import type { Bucket, Bus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { SigningActivities } from '@forkproof/workflows/claims/ports'
import type { KeyActivities } from '@forkproof/workflows/keys/ports'
import { createKeyActivities } from './activities/key-activities.ts'
import { createSigningActivities } from './activities/signing-activities.ts'
import type { SignerConfig } from './config.ts'
import { createIssuanceLog } from './issuance/issuance-log.ts'
import { createJwksPublication } from './keys/jwks-publication.ts'
import { createKeyEncryption, type KeyEncryption } from './keys/key-encryption.ts'
import { createKeyKeeper, type KeyKeeper } from './keys/key-keeper.ts'
import { createKeyRing, type KeyRing } from './keys/key-ring.ts'
import { createKeyStore, type KeyStore } from './keys/key-store.ts'
import { rotationPolicy } from './keys/rotation.ts'
import { type SigningKeyPair, sealSigningKey } from './keys/signing-key.ts'
import { createAttestationCheck } from './minting/attestation-check.ts'
import { createMintToken, type MintToken } from './minting/mint-token.ts'
import { createReservations } from './minting/reservations.ts'

type SignerServiceOptions = Pick<
  SignerConfig,
  | 'issuer'
  | 'audiences'
  | 'subjectParts'
  | 'attestationPublicKey'
  | 'keyEncryptionKey'
  | 'previousKeyEncryptionKey'
  | 'rotationDays'
>

/** Everything that touches the world. */
interface SignerDeps {
  readonly signingKeys: Bucket
  readonly jwks: Bucket
  readonly minted: Bucket
  /** The stream of issuances. */
  readonly issuances: Pick<Bus, 'append' | 'read'>
  readonly newKeyPair: () => Promise<SigningKeyPair>
  readonly newTokenId: () => TokenId
  readonly clock: Clock
  readonly log: Logger
}

export interface Signer {
  readonly activities: SigningActivities & KeyActivities
  /** Its `start` brings the stored keys in order; nothing can be minted before. */
  readonly keeper: KeyKeeper
  readonly keyRing: KeyRing
  readonly store: KeyStore
  readonly encryption: KeyEncryption
  readonly mintToken: MintToken
}

/** One replica but for its connections: `compose` and the tests give it theirs. */
export function wireSigner(options: SignerServiceOptions, deps: SignerDeps): Signer {
  const { clock, log } = deps
  const { keyEncryptionKey: current, previousKeyEncryptionKey: previous } = options
  const encryption = createKeyEncryption({ current, previous })
  const store = createKeyStore(deps.signingKeys)
  const keyRing = createKeyRing({ store, encryption, clock })
  const keeper = createKeyKeeper({
    store,
    publishJwks: createJwksPublication({ bucket: deps.jwks, store }),
    encryption,
    newKey: async () => sealSigningKey(await deps.newKeyPair(), encryption),
    policy: rotationPolicy(options.rotationDays),
    clock,
    log,
    onChange: () => keyRing.forget(),
  })
  const mintToken = createMintToken({
    issuer: options.issuer,
    subjectParts: options.subjectParts,
    signsFor: audiencePolicy(options.audiences, [options.issuer]),
    checkAttestation: createAttestationCheck(options.attestationPublicKey),
    reservations: createReservations(deps.minted),
    issuanceLog: createIssuanceLog(deps.issuances),
    keyRing,
    clock,
    newTokenId: deps.newTokenId,
  })
  const activities = { ...createSigningActivities({ mintToken, log }), ...createKeyActivities({ keeper, log }) }
  return { activities, keeper, keyRing, store, encryption, mintToken }
}
