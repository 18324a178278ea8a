import { z } from 'zod'
import type { AdmittedRun } from './access.ts'
import type { SealKey } from './claim.ts'
import type { BuilderId, BuildId, LeaseId, NodeId, ProjectId, RelationshipId } from './ids.ts'

export const Platform = z.enum(['linux/amd64', 'linux/arm64'])
export type Platform = z.infer<typeof Platform>
/** As settings name them: `linux/amd64,linux/arm64`. */
export const PlatformList = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .pipe(z.array(Platform).min(1).max(Platform.options.length))
/** `none`: a builder has no network at all. `internet`: public addresses only, never metadata, private networks or the host. */
export const Egress = z.enum(['none', 'internet'])
export type Egress = z.infer<typeof Egress>
/** `ephemeral` never sees a cache folder; `project` keeps one per project, platform and node. */
export const BuilderClass = z.enum(['ephemeral', 'project'])
export type BuilderClass = z.infer<typeof BuilderClass>

/** PKCS #10 in PEM. The checks of its content are the provisioner's. */
export const CertificateRequest = z
  .string()
  .max(4_096)
  .regex(
    /^-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE REQUEST-----\n?$/,
    'must be one PEM certificate request',
  )

export interface PlatformWish {
  readonly platform: Platform
  /** Absent: a key pair is made for the build and sealed to its token. */
  readonly certificateRequest?: string
}

/** What the workflow `build` knows. Plain JSON; holds no secret. */
export interface BuildOrder {
  readonly buildId: BuildId
  /** Public half of the key that the build token stands for. */
  readonly sealKey: SealKey
  readonly projectId: ProjectId
  readonly relationshipId: RelationshipId
  readonly run: AdmittedRun
  readonly builderClass: BuilderClass
  readonly egress: Egress
  readonly allowedPlatforms: readonly Platform[]
  readonly wishes: readonly PlatformWish[]
  readonly createdAtMs: number
  /** Wall clock of the build: over at this time whatever happens. */
  readonly expiresAtMs: number
}

/** How a client reaches its builder: mutual TLS at the front door. */
export interface BuilderConnection {
  readonly endpoint: string
  /** SNI and the name in the server's certificate. */
  readonly serverName: string
  readonly caCertificate: string
  readonly clientCertificate: string
  /** Compact JWE of the PKCS #8 PEM, sealed to the build; absent when the client brought a certificate request. */
  readonly sealedClientKey?: string
}

/** How long each step of a builder took, ms; `leaseMs` is what the provisioner itself needed from command to ready. */
export interface BuilderTimings {
  readonly warm: boolean
  readonly leaseMs: number
  readonly startMs: number
  readonly canaryMs: number
}

/** What was there before a builder and what is left after it; `leftovers` is the difference and must be empty. */
export interface Receipt {
  readonly builderId: BuilderId
  readonly nodeId: NodeId
  readonly driver: string
  readonly createdAtMs: number
  readonly destroyedAtMs: number
  readonly teardownMs: number
  /** How many traces of each kind the builder had while it ran: `{"process": 2, "mount": 1}`. */
  readonly during: Readonly<Record<string, number>>
  readonly leftovers: readonly string[]
}

export const builderFailures = [
  'no_capacity',
  'platform_unavailable',
  'egress_unavailable',
  'isolation_missing',
  'certificate_request_invalid',
  'builder_not_ready',
  'builder_lost',
] as const
export type BuilderFailure = (typeof builderFailures)[number]

/** Why a builder was given up. */
export const releaseReasons = [
  'finished',
  'canceled',
  'client_gone',
  'run_over',
  'time_up',
  'builder_lost',
  'node_stopping',
  'not_wanted',
] as const
export type ReleaseReason = (typeof releaseReasons)[number]

export type PlatformState = { readonly platform: Platform } & (
  | { readonly state: 'requested' }
  | { readonly state: 'queued'; readonly position: number; readonly estimateSeconds?: number }
  | {
      readonly state: 'ready'
      readonly builderId: BuilderId
      readonly nodeId: NodeId
      readonly emulated: boolean
      readonly connection: BuilderConnection
      readonly timings: BuilderTimings
    }
  | { readonly state: 'failed'; readonly reason: BuilderFailure; readonly detail?: string }
  | { readonly state: 'destroyed'; readonly reason: ReleaseReason; readonly receipt: Receipt }
)

export const buildOutcomes = [
  'success',
  'error',
  'canceled',
  'client_gone',
  'run_over',
  'time_up',
  'refused',
  'failed',
] as const
export type BuildOutcome = (typeof buildOutcomes)[number]

/** The whole of a build at one moment. `version` grows with every change. */
export interface BuildState {
  readonly buildId: BuildId
  readonly version: number
  readonly phase: 'confirming' | 'active' | 'ending' | 'ended'
  /** Set from `ending` on. */
  readonly outcome?: BuildOutcome
  /** With `refused`: why the run may not build (any more); with `failed`: a builder failure. */
  readonly reason?: string
  readonly expiresAtMs: number
  readonly platforms: readonly PlatformState[]
}

export type { BuilderId, BuildId, LeaseId }
