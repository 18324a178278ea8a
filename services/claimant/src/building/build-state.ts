import { Platform } from '@forkproof/contracts/builder'
import { BuildId, BuildToken } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { buildingLimits } from './limits.ts'

const certificate = z
  .string()
  .max(buildingLimits.pemCharsMax)
  .regex(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*$/)

/** Both end up in arguments of other programs, so nothing but a plain address and a plain name is accepted. */
const Endpoint = z
  .string()
  .regex(/^tcp:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$/)
const ServerName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/)

const Ready = z.object({
  platform: Platform,
  state: z.literal('ready'),
  endpoint: Endpoint,
  serverName: ServerName,
  caCertificate: certificate,
  clientCertificate: certificate,
  emulated: z.boolean().catch(false),
  timings: z.object({ warm: z.boolean(), leaseMs: z.number() }).optional().catch(undefined),
})
export type ReadyBuilder = z.infer<typeof Ready>

/** As the gateway shows them; members that are of no use here are left out. */
export const ShownPlatform = z.discriminatedUnion('state', [
  z.object({ platform: Platform, state: z.literal('requested') }),
  z.object({
    platform: Platform,
    state: z.literal('queued'),
    position: z.int().optional(),
    estimateSeconds: z.number().optional(),
  }),
  Ready,
  z.object({ platform: Platform, state: z.literal('failed'), reason: z.string(), detail: z.string().optional() }),
  z.object({ platform: Platform, state: z.literal('destroyed'), reason: z.string().optional() }),
])
export type ShownPlatform = z.infer<typeof ShownPlatform>

export const ShownBuild = z.object({
  version: z.int().nonnegative(),
  phase: z.enum(['confirming', 'active', 'ending', 'ended']),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  platforms: z.array(ShownPlatform).max(buildingLimits.platformsMax),
})
export type ShownBuild = z.infer<typeof ShownBuild>

export const StartedBuild = z.object({
  buildId: BuildId,
  buildToken: BuildToken,
  expiresAt: z.iso.datetime({ offset: true }),
  state: ShownBuild.optional().catch(undefined),
})
export type StartedBuild = z.infer<typeof StartedBuild>
