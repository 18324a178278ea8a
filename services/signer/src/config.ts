import { Issuer } from '@forkproof/contracts/ids'
import { defineSettings, loadSettings } from '@forkproof/infra/config'
import { z } from 'zod'
import { attestationPublicKey } from './minting/attestation-key.ts'

const encryptionKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in base64url without padding')

const temporal = defineSettings({
  temporalAddress: {
    env: 'FORKPROOF_TEMPORAL_ADDRESS',
    schema: z.string().min(1),
    default: '127.0.0.1:7233',
    description: 'host:port of the Temporal frontend',
  },
  temporalNamespace: {
    env: 'FORKPROOF_TEMPORAL_NAMESPACE',
    schema: z.string().min(1),
    default: 'default',
    description: 'Temporal namespace',
  },
})

const nats = defineSettings({
  natsUrl: {
    env: 'FORKPROOF_NATS_URL',
    schema: z.string().min(1),
    default: 'nats://127.0.0.1:4222',
    description: 'address of the NATS server',
  },
  natsUser: {
    env: 'FORKPROOF_NATS_USER',
    schema: z.string().min(1),
    default: 'signer',
    description: 'NATS user',
  },
  natsPassword: {
    env: 'FORKPROOF_NATS_PASSWORD',
    schema: z.string().min(16),
    secret: true,
    description: 'password of the NATS user, 16 characters or more',
  },
})

const signer = defineSettings({
  ...temporal,
  ...nats,
  issuer: {
    env: 'FORKPROOF_ISSUER',
    schema: Issuer,
    description: 'the issuer that every token names; byte for byte the public origin of the gateway',
  },
  attestationPublicKey: {
    env: 'FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY',
    schema: attestationPublicKey,
    description: 'public Ed25519 key of the verifier, as JWK or PEM',
  },
  keyEncryptionKey: {
    env: 'FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY',
    schema: encryptionKey,
    secret: true,
    description: 'encrypts the signing keys at rest; 32 random bytes in base64url',
  },
  previousKeyEncryptionKey: {
    env: 'FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY_PREVIOUS',
    schema: encryptionKey,
    secret: true,
    optional: true,
    description: 'the key that was used before; needed for one start after a change',
  },
  rotationDays: {
    env: 'FORKPROOF_SIGNER_ROTATION_DAYS',
    schema: z.coerce.number().int().min(2).max(365),
    default: 30,
    description: 'how many days one key signs',
  },
  logLevel: {
    env: 'FORKPROOF_LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    description: 'least severe level that is logged',
  },
})

/** @throws ConfigError */
export const readConfig = (env: NodeJS.ProcessEnv) => loadSettings(signer, env)
export type Config = ReturnType<typeof readConfig>

/** What `npm run keys` needs: no credential of the signer's. @throws ConfigError */
export const readKeysConfig = (env: NodeJS.ProcessEnv) => loadSettings(temporal, env)

/** What `npm run issuance` needs. @throws ConfigError */
export const readIssuanceConfig = (env: NodeJS.ProcessEnv) => loadSettings(nats, env)
