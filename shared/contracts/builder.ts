import { z } from 'zod'
import { BuilderId, NodeId } from './ids.ts'

/** docs/glossary.md: platform. */
export const Platform = z.enum(['linux/amd64', 'linux/arm64'])
export type Platform = z.infer<typeof Platform>
/** As settings name them: `linux/amd64,linux/arm64`. */
export const PlatformList = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .pipe(z.array(Platform).min(1).max(Platform.options.length))
/**
 * `none`: a builder has no network at all. `internet`: public addresses only, never metadata, private networks or the
 * host.
 * docs/glossary.md: egress.
 */
export const Egress = z.enum(['none', 'internet'])
export type Egress = z.infer<typeof Egress>
/**
 * `ephemeral` never sees a cache folder; `project` keeps one per project, platform and node.
 * docs/glossary.md: builder class.
 */
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

/** What a build asks for on one platform: a builder, and a certificate for its client's key. */
export const PlatformRequest = z.object({
  platform: Platform,
  /** Absent: a key pair is made for the build and sealed to its token. */
  certificateRequest: CertificateRequest.exactOptional(),
})
export type PlatformRequest = z.infer<typeof PlatformRequest>

const certificate = z.string().max(8_192)
/** How a client reaches its builder: mutual TLS at the front door. */
export const BuilderConnection = z.object({
  endpoint: z.string().max(300),
  /** SNI and the name in the server's certificate. */
  serverName: z.string().max(255),
  caCertificate: certificate,
  clientCertificate: certificate,
  /** Compact JWE of the PKCS #8 PEM, sealed to the build; absent when the client brought a certificate request. */
  sealedClientKey: z.string().max(8_192).exactOptional(),
})
export type BuilderConnection = z.infer<typeof BuilderConnection>

/** How long each step of a builder took, ms; `leaseMs` is what the provisioner itself needed from command to ready. */
export const BuilderTimings = z.object({
  warm: z.boolean(),
  leaseMs: z.number(),
  startMs: z.number(),
  canaryMs: z.number(),
})
export type BuilderTimings = z.infer<typeof BuilderTimings>

/**
 * What was there before a builder and what is left after it; `leftovers` is the difference and must be empty.
 * docs/glossary.md: receipt.
 */
export const Receipt = z.object({
  builderId: BuilderId,
  nodeId: NodeId,
  driver: z.string().max(32),
  createdAtMs: z.int(),
  destroyedAtMs: z.int(),
  teardownMs: z.number(),
  /** How many traces of each kind the builder had while it ran: `{"process": 2, "mount": 1}`. */
  during: z.record(z.string(), z.int()),
  leftovers: z.array(z.string().max(300)).max(200).readonly(),
})
export type Receipt = z.infer<typeof Receipt>

/**
 * Why a request for a builder ended without one, or why a builder ended before its time. Each is a row of the error
 * table.
 */
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

/** Why a builder ended before its time, each with the sentence that people read. */
export const builderLossTexts = {
  ended_by_itself: 'the builder’s process ended by itself',
  out_of_memory: 'the builder needed more memory than it may use and was killed',
  node_stopping: 'the builder’s node is being stopped',
  unknown_to_node: 'the node that had the builder has no record of it',
  teardown_unconfirmed: 'the builder ended, and its node could not confirm that nothing of it is left',
  node_restarted: 'the builder’s node was started again, and no builder outlives that',
} as const satisfies Record<string, string>
export type BuilderLossReason = keyof typeof builderLossTexts
export const builderLossReasons = Object.keys(builderLossTexts) as [BuilderLossReason, ...BuilderLossReason[]]
/**
 * Member of what speaks of an ended builder; present with `builder_lost`. Absent in what an older release wrote. A
 * reason that only a newer release knows is read as absent: it must not cost the event that the builder has ended.
 */
export const ShownLossReason = z.enum(builderLossReasons).optional().catch(undefined)
