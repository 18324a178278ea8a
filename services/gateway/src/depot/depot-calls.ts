import type { Admitted } from '@forkproof/contracts/access'
import type { BuildState, PlatformState } from '@forkproof/contracts/build'
import { builderLossTexts, type Platform } from '@forkproof/contracts/builder'
import { AppError } from '@forkproof/contracts/errors'
import { type BuildId, ProjectId } from '@forkproof/contracts/ids'
import { openWithBuildToken } from '@forkproof/infra/seal'
import type { Secret } from '@forkproof/infra/secret'
import type { Admission } from '../admission/ports.ts'
import { lossDetail } from '../builds/build-answer.ts'
import type { PresentedBuild } from '../builds/build-token.ts'
import { checkOffer } from '../builds/nodes.ts'
import type { WiredBuilds } from '../builds/wire-builds.ts'

/** How long one question for a connection waits; the client asks again after it. */
const connectWaitMs = 2_000

interface Reached {
  readonly endpoint: string
  readonly serverName: string
  readonly certificate: string
  readonly key: Secret<string>
  readonly caCertificate: string
}

/**
 * The bearer of a new build: an access token, or an ID token, which is admitted here and then used up: there is no
 * exchange before a build (docs/facts/depot.md#order-of-tokens). @throws AppError
 */
export async function authorizeBearer(admission: Admission, bearer: Secret<string>, named: string): Promise<Admitted> {
  const projectId = ProjectId.safeParse(named)
  // Asked before the token is used up.
  if (!projectId.success)
    throw new AppError('invalid_request', { detail: 'the project id must be prj_ and 16 characters' })
  if (!bearer.reveal().startsWith('fpa_')) return admission.admit(bearer, projectId.data)
  const record = await admission.authenticate(bearer)
  if (!record) throw new AppError('access_token_invalid')
  if (record.projectId !== projectId.data) throw new AppError('project_not_found')
  return record
}

/**
 * Asks for a builder of the platform where that was not done, and waits for it a little. `undefined`: not yet.
 * What is known here is not asked of the workflow, so that a client that polls for minutes leaves a few events in
 * its history and not thousands. @throws AppError also with the reason for which there will be no builder
 */
export async function reachBuilder(
  { builds, follower, nodes }: WiredBuilds,
  { buildId, token }: PresentedBuild,
  platform: Platform,
  signal: AbortSignal,
): Promise<Reached | undefined> {
  let state = await follower.current(buildId)
  if (!platformOf(state, platform) && !isOver(state)) {
    // A platform without a node would be waited for in vain.
    checkOffer(await nodes.announced(), platform)
    state = follower.note(await builds.connect(buildId, { platform }, connectWaitMs))
  }
  const bound = AbortSignal.any([signal, AbortSignal.timeout(connectWaitMs)])
  for (;;) {
    const shown = platformOf(state, platform)
    if (shown?.state === 'failed') throw failedError(shown)
    if (isOver(state) || shown?.state === 'destroyed') throw overError(state)
    if (shown?.state === 'ready') return reached(shown.connection, token)
    const next = await follower.next(buildId, state.version, bound)
    if (!next) return undefined
    state = next
  }
}

const platformOf = (state: BuildState, platform: Platform) => state.platforms.find(one => one.platform === platform)
const isOver = ({ phase }: BuildState): boolean => phase === 'ending' || phase === 'ended'
const failedError = (failed: Extract<PlatformState, { state: 'failed' }>): AppError => {
  const detail = lossDetail(failed)
  return new AppError(failed.reason, detail === undefined ? {} : { detail })
}
const overError = ({ outcome, reason, lossReason }: BuildState): AppError =>
  new AppError('build_over', {
    detail: [outcome ?? 'ended', reason, lossReason && builderLossTexts[lossReason]].filter(Boolean).join(', '),
  })

type Connection = Extract<BuildState['platforms'][number], { state: 'ready' }>['connection']

async function reached(connection: Connection, token: PresentedBuild['token']): Promise<Reached> {
  const { endpoint, serverName, caCertificate, clientCertificate: certificate, sealedClientKey } = connection
  // This client has no way to bring a key of its own.
  if (sealedClientKey === undefined) throw new AppError('invalid_request', { detail: 'the builder is for another key' })
  return { endpoint, serverName, caCertificate, certificate, key: await openWithBuildToken(sealedClientKey, token) }
}

/**
 * When a build that is over was canceled for its client; `undefined` while it goes on, and while that cannot be
 * told.
 */
export async function endOf({ follower }: WiredBuilds, buildId: BuildId, nowMs: number): Promise<number | undefined> {
  try {
    const state = await follower.recent(buildId)
    return isOver(state) ? Math.min(nowMs, state.expiresAtMs) : undefined
  } catch (error) {
    // The client takes an error for nothing at all; a build that is not there must not go on.
    if (error instanceof AppError && error.code === 'build_not_found') return nowMs
    return undefined
  }
}
