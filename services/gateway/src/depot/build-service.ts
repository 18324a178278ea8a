import { create } from '@bufbuild/protobuf'
import { EmptySchema, timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect'
import type { Platform } from '@forkproof/contracts/builder'
import { AppError } from '@forkproof/contracts/errors'
import type { Clock } from '@forkproof/infra/clock'
import type { Admission } from '../admission/ports.ts'
import { buildOfToken, type PresentedBuild, presentedBuild } from '../builds/build-token.ts'
import type { ReportedResult } from '../builds/ports.ts'
import type { WiredBuilds } from '../builds/wire-builds.ts'
import { bearerOf } from '../http/bearer.ts'
import { authorizeBearer, endOf, reachBuilder } from './depot-calls.ts'
import {
  type BuildService,
  type FinishBuildRequest,
  type GetBuildKitConnectionResponse,
  GetBuildKitConnectionResponseSchema,
} from './generated-messages.ts'
import { depotLimits } from './limits.ts'

export interface BuildServiceDeps extends WiredBuilds {
  readonly admission: Admission
  /** Base of the addresses in answers. */
  readonly publicUrl: string
  readonly clock: Clock
}

/** An unset or a zero wait makes the client ask without a pause (docs/facts/depot.md#builder-connection). */
const askAgainMs = 1_000
const platforms: Readonly<Record<number, Platform>> = { 1: 'linux/amd64', 2: 'linux/arm64' }

const bearer = ({ requestHeader }: HandlerContext) => bearerOf(requestHeader.get('authorization') ?? undefined)
const named = (context: HandlerContext, { buildId }: { buildId: string }): Promise<PresentedBuild> =>
  presentedBuild(bearer(context), buildId)

/** `depot.cli.v1.BuildService` as an unmodified client needs it (docs/facts/depot.md#calls-and-failures). */
export function buildService(deps: BuildServiceDeps): ServiceImpl<typeof BuildService> {
  const { admission, startBuild, builds, heartbeats, publicUrl, clock } = deps
  const addressOf = (buildId: string) => `${publicUrl}/v1/builds/${buildId}`
  return {
    async createBuild({ projectId = '' }, context) {
      const presented = bearer(context)
      if (!presented) throw new AppError('access_token_invalid')
      const admitted = await authorizeBearer(admission, presented, projectId)
      const { token, state } = await startBuild(admitted, { platforms: [] }, context.signal)
      const { buildId } = state
      const registry = create(EmptySchema)
      return { buildId, buildToken: token.reveal(), buildUrl: addressOf(buildId), registry, projectId }
    },
    async getBuild(request, context) {
      const { buildId } = await named(context, request)
      return { buildId, projectId: await builds.projectOf(buildId), buildUrl: addressOf(buildId) }
    },
    async getBuildKitConnection(request, context) {
      const build = await named(context, request)
      const platform = platforms[request.platform]
      if (!platform) throw new AppError('invalid_request', { detail: 'the platform must be 1 or 2' })
      return connection(await reachBuilder(deps, build, platform, context.signal))
    },
    async reportBuildHealth(request, context) {
      const { buildId } = await named(context, request)
      heartbeats.alive(buildId)
      const endMs = await endOf(deps, buildId, clock.now())
      return endMs === undefined ? {} : { cancelsAt: timestampFromMs(endMs) }
    },
    async reportStatusStream(messages, context) {
      await buildOfToken(bearer(context))
      let count = 0
      // The client's own progress only; what the build does is between it and its builder.
      for await (const _message of messages) {
        count += 1
        if (count > depotLimits.progressMessagesMax) throw new AppError('rate_limited')
      }
      return {}
    },
    async finishBuild(request, context) {
      const { buildId } = await named(context, request)
      await builds.finish(buildId, resultOf(request))
      return {}
    },
  }
}

/** What says nothing did not succeed. */
const resultOf = ({ result }: FinishBuildRequest): ReportedResult => result.case ?? 'error'

function connection(reached: Awaited<ReturnType<typeof reachBuilder>>): GetBuildKitConnectionResponse {
  if (!reached) {
    return create(GetBuildKitConnectionResponseSchema, {
      connection: { case: 'pending', value: { waitMs: askAgainMs } },
    })
  }
  const { endpoint, serverName, certificate, key, caCertificate } = reached
  return create(GetBuildKitConnectionResponseSchema, {
    connection: {
      case: 'active',
      value: {
        endpoint,
        serverName,
        cert: { cert: certificate, key: key.reveal() },
        caCert: { cert: caCertificate },
        identity: {},
      },
    },
  })
}
