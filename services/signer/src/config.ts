import { AudienceSetting } from '@forkproof/contracts/audience-policy'
import { commaList } from '@forkproof/contracts/comma-list'
import { Issuer } from '@forkproof/contracts/ids'
import { SubjectPart } from '@forkproof/contracts/token-subject'
import { defineSettings, loadSettings } from '@forkproof/infra/config'
import { busSettings, logSettings, temporalSettings } from '@forkproof/infra/shared-settings'
import { z } from 'zod'
import { attestationPublicKey } from './minting/attestation-key.ts'

const encryptionKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in base64url without padding')

const subjectParts = z.string().transform(commaList).pipe(z.array(SubjectPart).max(SubjectPart.options.length))

export const settings = defineSettings({
  ...temporalSettings,
  ...busSettings('signer'),
  ...logSettings,
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
  audiences: {
    env: 'FORKPROOF_SIGNER_AUDIENCES',
    schema: AudienceSetting,
    default: '',
    description:
      'comma list of the audiences to sign for beside the issuer itself; "any" for all but the well-known ones of third parties',
  },
  subjectParts: {
    env: 'FORKPROOF_SIGNER_SUBJECT_PARTS',
    schema: subjectParts,
    default: '',
    description:
      'comma list of what every sub says beside the repository, for relying parties that see only sub: base_ref, workflow_path',
  },
  rotationDays: {
    env: 'FORKPROOF_SIGNER_ROTATION_DAYS',
    schema: z.coerce.number().int().min(2).max(365),
    default: 30,
    description: 'how many days one key signs',
  },
})

/** @throws ConfigError */
export const readConfig = (env: NodeJS.ProcessEnv) => loadSettings(settings, env)
export type SignerConfig = ReturnType<typeof readConfig>

/** What `npm run keys` needs: no credential of the signer's. @throws ConfigError */
export const readKeysConfig = (env: NodeJS.ProcessEnv) => loadSettings(temporalSettings, env)

/** What `npm run issuance` needs. @throws ConfigError */
export const readIssuanceConfig = (env: NodeJS.ProcessEnv) => loadSettings(busSettings('signer'), env)
