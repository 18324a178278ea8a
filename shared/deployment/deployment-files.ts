import type { Secret } from '@forkproof/infra/secret'
import type { BusUser } from './bus-permissions.ts'
import { type BusPasswords, natsConfig } from './nats-config.ts'
import type { ServiceKeys } from './service-keys.ts'

interface DeploymentOptions {
  readonly issuer: string
  readonly keys: Pick<ServiceKeys, 'attestationPrivateKey' | 'attestationPublicKey' | 'keyEncryptionKey'>
  readonly passwords: BusPasswords
  /** Opens the gateway's API of projects and trust. */
  readonly operatorToken: Secret<string>
}

/** Only those that run or start workflows know where Temporal is: not the nodes of builders, not the administrator. */
const temporal = { FORKPROOF_TEMPORAL_ADDRESS: 'temporal:7233' }

/**
 * The files that docker-compose.yml mounts: NATS's configuration, and per service an environment file and its secrets.
 * Each secret is a file of its own, so that none is in an environment. Pure: names to contents.
 */
export function deploymentFiles(options: DeploymentOptions): Record<string, string> {
  const { issuer, keys, passwords, operatorToken } = options
  const bus = (user: BusUser) => ({ [`${user}/nats-password`]: passwords[user].reveal() })
  return {
    'nats/server.conf': natsConfig({ host: '0.0.0.0', port: 4222, storeFolder: '/data', passwords }),
    ...bus('admin'),
    ...bus('gateway'),
    ...bus('orchestrator'),
    ...bus('verifier'),
    ...bus('signer'),
    'builder-node/nats-password': passwords.provisioner.reveal(),
    'gateway/operator-token': operatorToken.reveal(),
    'verifier/attestation.pem': keys.attestationPrivateKey,
    // To be replaced by the operator: credentials that read public data only, comma separated.
    'verifier/github-tokens': 'replace-me',
    'signer/key-encryption-key': keys.keyEncryptionKey,
    'admin/env': environment('admin', {}),
    'gateway/env': environment('gateway', {
      ...temporal,
      FORKPROOF_ISSUER: issuer,
      // To be filled in: audiences beside the issuer itself, the same for the signer.
      FORKPROOF_GATEWAY_AUDIENCES: '',
      FORKPROOF_GATEWAY_HOST: '0.0.0.0',
      FORKPROOF_GATEWAY_DEPOT_HOST: '0.0.0.0',
      FORKPROOF_GATEWAY_OPERATOR_TOKEN_FILE: '/run/forkproof/operator-token',
    }),
    // For the machines that run builders. The operator fills in the bus's address and the public name of the TLS proxy.
    'builder-node/env': environment('provisioner', {
      FORKPROOF_PROVISIONER_STATE_FOLDER: '/var/lib/forkproof',
      FORKPROOF_PROVISIONER_HOST: '0.0.0.0',
    }),
    'orchestrator/env': environment('orchestrator', temporal),
    'verifier/env': environment('verifier', {
      ...temporal,
      FORKPROOF_ISSUER: issuer,
      FORKPROOF_VERIFIER_GITHUB_TOKENS_FILE: '/run/forkproof/github-tokens',
      FORKPROOF_VERIFIER_ATTESTATION_KEY_FILE: '/run/forkproof/attestation.pem',
    }),
    'signer/env': environment('signer', {
      ...temporal,
      FORKPROOF_ISSUER: issuer,
      FORKPROOF_SIGNER_AUDIENCES: '',
      FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY: rawKeyAsJwk(keys.attestationPublicKey),
      FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY_FILE: '/run/forkproof/key-encryption-key',
    }),
  }
}

function environment(user: BusUser, more: Record<string, string>): string {
  const all = {
    FORKPROOF_NATS_URL: 'nats://nats:4222',
    FORKPROOF_NATS_USER: user,
    FORKPROOF_NATS_PASSWORD_FILE: '/run/forkproof/nats-password',
    ...more,
  }
  return `${Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`
}

/** An environment file has no multi-line values: the public key goes as a JWK on one line (RFC 8037). */
function rawKeyAsJwk(spkiPem: string): string {
  const der = Buffer.from(spkiPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the key (RFC 8410 section 4).
  return JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: der.subarray(-32).toString('base64url') })
}
