import type { Admitted, AdmittedRun } from '@forkproof/contracts/access'
import type { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { CertificateRequest, Platform, type PlatformRequest } from '@forkproof/contracts/builder'
import { AppError, isErrorCode } from '@forkproof/contracts/errors'
import type { BuildToken, ProjectId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { buildIdOf, buildTokenSealKey, newBuildToken } from '@forkproof/infra/seal'
import type { Secret } from '@forkproof/infra/secret'
import { z } from 'zod'
import type { RequestLimits } from '../throttling/request-limits.ts'
import type { BuildFollower } from './build-follower.ts'
import type { ConcurrencySlots } from './concurrency-slots.ts'
import { checkOffer } from './nodes.ts'
import type { Builds, Nodes } from './ports.ts'

export const BuildRequest = z.strictObject({
  platforms: z
    .array(Platform)
    .min(1)
    .max(Platform.options.length)
    .refine(platforms => new Set(platforms).size === platforms.length, 'names a platform twice'),
  certificateRequests: z
    .partialRecord(Platform, CertificateRequest)
    .optional()
    .meta({ description: 'PKCS #10 in PEM by platform; without one a key is made here and sealed to the build token' }),
  maxMinutes: z.int().min(1).max(120).optional(),
})
export type BuildRequest = z.infer<typeof BuildRequest>

interface BuildWithToken {
  readonly token: Secret<BuildToken>
  readonly state: BuildState
}

/** Starts a build for what was admitted; an empty list of platforms is asked for later, one by one. @throws AppError */
export type StartBuild = (
  admitted: Admitted,
  request: Pick<BuildRequest, 'platforms' | 'certificateRequests' | 'maxMinutes'>,
  gone: AbortSignal,
) => Promise<BuildWithToken>

export interface StartBuildDeps {
  readonly builds: Builds
  readonly follower: BuildFollower
  readonly slots: ConcurrencySlots
  readonly nodes: Nodes
  readonly requestLimits: Pick<RequestLimits, 'countBuild'>
  readonly denials: { isDenied(projectId: ProjectId, run: AdmittedRun): Promise<boolean> }
  readonly clock: Clock
}

/** Everything that can be refused without a workflow is refused before one is started, the cheapest first. */
export function createStartBuild(deps: StartBuildDeps): StartBuild {
  return async (admitted, request, gone) => {
    const { projectId, relationshipId, run, grant } = admitted
    deps.requestLimits.countBuild(projectId, run)
    const wishes = platformRequestsOf(request, grant.platforms)
    checkOffers(await deps.nodes.announced(), admitted, wishes)
    const token = newBuildToken()
    const sealKey = buildTokenSealKey(token)
    const buildId = await buildIdOf(sealKey)
    await deps.slots.take(buildId, relationshipId, grant.concurrency)
    const createdAtMs = deps.clock.now()
    const minutes = Math.min(grant.maxMinutes, request.maxMinutes ?? grant.maxMinutes)
    const order: BuildSpec = {
      buildId,
      sealKey,
      projectId,
      relationshipId,
      run,
      // A fork's build never sees a cache, whatever a record says.
      builderClass: run.eventClass === 'trusted' && grant.cache === 'project' ? 'project' : 'ephemeral',
      egress: grant.egress,
      allowedPlatforms: grant.platforms,
      wishes,
      createdAtMs,
      expiresAtMs: createdAtMs + minutes * 60_000,
    }
    return { token, state: await begin(deps, order, gone) }
  }
}

async function begin({ builds, follower, slots, denials }: StartBuildDeps, order: BuildSpec, gone: AbortSignal) {
  try {
    const state = follower.note(await builds.start(order, gone))
    if (state.outcome !== 'refused') {
      // A denial that came after the access token was looked at may not have seen this build yet.
      if (!(await denials.isDenied(order.projectId, order.run))) return state
      await builds.deny(order.buildId)
      throw new AppError('run_denied')
    }
    throw new AppError(state.reason !== undefined && isErrorCode(state.reason) ? state.reason : 'not_admitted')
  } catch (error) {
    slots.release(order.buildId)
    // The build may have been started all the same, and no client has its token.
    builds.finish(order.buildId, 'canceled').catch(() => undefined)
    throw error
  }
}

function platformRequestsOf(
  { platforms, certificateRequests = {} }: Partial<BuildRequest>,
  granted: readonly Platform[],
) {
  const asked = platforms ?? []
  for (const named of Object.keys(certificateRequests)) {
    if (asked.some(platform => platform === named)) continue
    throw new AppError('invalid_request', { detail: `certificateRequests: ${named} is not among platforms` })
  }
  return asked.map((platform): PlatformRequest => {
    if (!granted.includes(platform)) throw new AppError('platform_not_granted', { detail: platform })
    const certificateRequest = certificateRequests[platform]
    return certificateRequest === undefined ? { platform } : { platform, certificateRequest }
  })
}

/** Without wishes, one of the granted platforms must be there. */
function checkOffers(
  nodes: Awaited<ReturnType<Nodes['announced']>>,
  { grant }: Admitted,
  wishes: readonly PlatformRequest[],
): void {
  for (const { platform } of wishes) checkOffer(nodes, platform, grant.egress)
  if (wishes.length > 0) return
  const refusals = grant.platforms.map(platform => refusal(() => checkOffer(nodes, platform, grant.egress)))
  if (!refusals.includes(undefined)) throw refusals[0]
}

function refusal(check: () => void): unknown {
  try {
    check()
    return undefined
  } catch (error) {
    return error
  }
}
