import { join } from 'node:path'
import { channelsReadByDefault } from '@forkproof/contracts/channels'
import type { BusUser } from '@forkproof/deployment/bus-permissions'
import type { BusPasswords } from '@forkproof/deployment/nats-config'
import type { ServiceKeys } from '@forkproof/deployment/service-keys'
import type { Secret } from '@forkproof/infra/secret'
import type { Programs } from './programs.ts'

/** The services of ours, in the order in which they start. */
export const serviceNames = [
  'github-simulator',
  'signer',
  'verifier',
  'orchestrator',
  'builder-provisioner',
  'gateway',
] as const
export type ServiceName = (typeof serviceNames)[number]

export interface Ports {
  readonly gateway: number
  readonly simulator: number
  readonly temporal: number
  readonly temporalUi: number
  readonly nats: number
  /** Front door of the builders. */
  readonly builders: number
  readonly depot: number
}

export interface Addresses {
  readonly issuer: string
  readonly githubApi: string
  readonly githubWeb: string
  readonly temporal: string
  readonly nats: string
  /** Where clients of Depot's API go. */
  readonly depot: string
  /** host:port of the builders' front door. */
  readonly builders: string
}

/** Everything is on loopback: nothing of a local system can be reached from outside. */
export const addressesOf = (ports: Ports): Addresses => ({
  issuer: `http://127.0.0.1:${ports.gateway}`,
  githubApi: `http://127.0.0.1:${ports.simulator}`,
  githubWeb: `http://127.0.0.1:${ports.simulator}/web`,
  temporal: `127.0.0.1:${ports.temporal}`,
  nats: `nats://127.0.0.1:${ports.nats}`,
  depot: `http://127.0.0.1:${ports.depot}`,
  builders: `127.0.0.1:${ports.builders}`,
})

export type ServiceEnvironment = Readonly<Record<string, string>>

interface ServiceEnvironmentOptions {
  readonly ports: Ports
  readonly keys: ServiceKeys
  readonly passwords: BusPasswords
  readonly operatorToken: Secret<string>
  readonly programs: Programs
  /** Folder of this system; builders live below it. */
  readonly stateFolder: string
  /** Folders of published Actions on this machine, by the name that a workflow uses. */
  readonly actions: Readonly<Record<string, string>>
}

/** On one machine relying parties are made up as one tries things; the well-known ones stay refused. */
const anyAudience = 'any'

/** The whole environment of one service: nothing is inherited, so each holds only the secrets that are its own. */
export function serviceEnvironment(name: ServiceName, inputs: ServiceEnvironmentOptions): ServiceEnvironment {
  const { ports, keys, passwords, actions, operatorToken, programs, stateFolder } = inputs
  const to = addressesOf(ports)
  const temporal = { FORKPROOF_TEMPORAL_ADDRESS: to.temporal }
  const bus = (user: Exclude<BusUser, 'admin'>) => ({
    FORKPROOF_NATS_URL: to.nats,
    FORKPROOF_NATS_USER: user,
    FORKPROOF_NATS_PASSWORD: passwords[user].reveal(),
  })
  const issuer = { FORKPROOF_ISSUER: to.issuer }
  const environments: Record<ServiceName, ServiceEnvironment> = {
    'github-simulator': {
      FORKPROOF_SIMULATOR_PORT: String(ports.simulator),
      FORKPROOF_SIMULATOR_TOKENS: keys.githubTokens.map((token, index) => `verifier-${index + 1}=${token}`).join(','),
      FORKPROOF_SIMULATOR_SESSION: keys.githubSessionCookie,
      FORKPROOF_SIMULATOR_ACTIONS: Object.entries(actions)
        .map(([name, folder]) => `${name}=${folder}`)
        .join(','),
    },
    signer: {
      ...temporal,
      ...bus('signer'),
      ...issuer,
      FORKPROOF_SIGNER_AUDIENCES: anyAudience,
      FORKPROOF_SIGNER_ATTESTATION_PUBLIC_KEY: keys.attestationPublicKey,
      FORKPROOF_SIGNER_KEY_ENCRYPTION_KEY: keys.keyEncryptionKey,
    },
    verifier: {
      ...temporal,
      ...bus('verifier'),
      ...issuer,
      FORKPROOF_VERIFIER_GITHUB_API_URL: to.githubApi,
      FORKPROOF_VERIFIER_GITHUB_WEB_URL: to.githubWeb,
      FORKPROOF_VERIFIER_GITHUB_TOKENS: keys.githubTokens.join(','),
      FORKPROOF_VERIFIER_LOG_SESSION_COOKIE: keys.githubSessionCookie,
      FORKPROOF_VERIFIER_ATTESTATION_KEY: keys.attestationPrivateKey,
    },
    orchestrator: { ...temporal, ...bus('orchestrator') },
    'builder-provisioner': {
      ...bus('provisioner'),
      FORKPROOF_PROVISIONER_DRIVER: 'process',
      FORKPROOF_PROVISIONER_STATE_FOLDER: join(stateFolder, 'builders'),
      FORKPROOF_PROVISIONER_PORT: String(ports.builders),
      FORKPROOF_PROVISIONER_BUILDKITD_PATH: programs.buildkitd,
      FORKPROOF_PROVISIONER_RUNC_PATH: programs.runc,
      FORKPROOF_PROVISIONER_PROBE_PATH: programs.probe,
      ...(programs.probeEmulated !== undefined && {
        FORKPROOF_PROVISIONER_PROBE_EMULATED_PATH: programs.probeEmulated,
      }),
    },
    gateway: {
      ...temporal,
      ...bus('gateway'),
      ...issuer,
      FORKPROOF_GATEWAY_PORT: String(ports.gateway),
      // All clients of this machine have one address.
      FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE: '600',
      FORKPROOF_GATEWAY_AUDIENCES: anyAudience,
      FORKPROOF_GATEWAY_CHANNELS: channelsReadByDefault.join(','),
      FORKPROOF_GATEWAY_OPERATOR_TOKEN: operatorToken.reveal(),
      FORKPROOF_GATEWAY_GITHUB_ISSUER: `${to.githubApi}/oidc`,
      FORKPROOF_GATEWAY_EXCHANGE_AUDIENCES: `${to.issuer},https://depot.dev`,
      FORKPROOF_GATEWAY_DEPOT_PORT: String(ports.depot),
    },
  }
  return environments[name]
}
