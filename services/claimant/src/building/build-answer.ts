import { BuildAnswer, PlatformAnswer, ReadyBuilder } from '@forkproof/contracts/build'
import { Platform } from '@forkproof/contracts/builder'
import { BuildId, BuildToken } from '@forkproof/contracts/ids'
import { z } from 'zod'

/*
 * The contract's answers, as a client of another release reads them: members that it does not use are ignored, optional
 * ones may be missing, and a reason that a later release added is plain text.
 */

const certificate = /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\s*$/
const endpoint = /^tcp:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$/
const serverName = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/

const { shape } = ReadyBuilder
/** Stricter than the contract: address and name become arguments of other programs, so they must be plain. */
const ClientReadyBuilder = z.object({
  ...ReadyBuilder.pick({ platform: true, state: true }).shape,
  endpoint: shape.endpoint.regex(endpoint),
  serverName: shape.serverName.max(253).regex(serverName),
  caCertificate: shape.caCertificate.regex(certificate),
  clientCertificate: shape.clientCertificate.regex(certificate),
  emulated: shape.emulated.catch(false),
  timings: z
    .object(shape.timings.pick({ warm: true, leaseMs: true }).shape)
    .optional()
    .catch(undefined),
})
export type ClientReadyBuilder = z.infer<typeof ClientReadyBuilder>

const [Requested, Queued, , Failed, Destroyed] = PlatformAnswer.options
const reasonText = z.string().optional()
/** A reason that this release does not know counts as none. */
const lossReason = BuildAnswer.shape.lossReason.optional().catch(undefined)

const ClientPlatformAnswer = z.discriminatedUnion('state', [
  Requested,
  Queued.extend({ position: z.int().optional(), estimateSeconds: z.number().optional() }),
  ClientReadyBuilder,
  Failed.extend({ reason: z.string(), lossReason }),
  Destroyed.pick({ platform: true, state: true }),
])
export type ClientPlatformAnswer = z.infer<typeof ClientPlatformAnswer>

export const ClientBuildAnswer = z.object({
  ...BuildAnswer.pick({ version: true, phase: true }).shape,
  outcome: reasonText,
  reason: reasonText,
  lossReason,
  platforms: z.array(ClientPlatformAnswer).max(Platform.options.length),
})
export type ClientBuildAnswer = z.infer<typeof ClientBuildAnswer>

/** The answer to `POST /v1/builds`. A state that is not understood is asked for again. */
export const StartedBuildAnswer = z.object({
  buildId: BuildId,
  buildToken: BuildToken,
  expiresAt: z.iso.datetime({ offset: true }),
  state: ClientBuildAnswer.optional().catch(undefined),
})
export type StartedBuildAnswer = z.infer<typeof StartedBuildAnswer>
