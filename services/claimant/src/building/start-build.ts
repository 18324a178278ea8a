import type { Platform } from '@forkproof/contracts/builder'
import type { AccessToken, Issuer } from '@forkproof/contracts/ids'
import { boundedRequest } from '../claiming/bounded-request.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { retryUntilDone } from '../claiming/retry-until-done.ts'
import { StartedBuildAnswer } from './build-answer.ts'
import { retryOrRefusal } from './build-client.ts'
import { type BuilderKey, newBuilderKey } from './builder-key.ts'
import { buildingLimits } from './limits.ts'

export interface ClientBuildOptions {
  readonly issuer: Issuer
  readonly accessToken: AccessToken
  readonly platforms: readonly Platform[]
  /** The grant's own limit unless given. */
  readonly maxMinutes?: number
}

export type BuilderKeys = ReadonlyMap<Platform, BuilderKey>

/**
 * Asks for one builder per platform, with a certificate request for each.
 * If an answer is lost on its way, the next attempt starts another build. The first one ends by itself, because no
 * client ever reports for it.
 * @throws ClaimFailure
 */
export async function startBuild(
  options: ClientBuildOptions,
  deps: ClaimDeps,
  deadline: AbortSignal,
): Promise<{ started: StartedBuildAnswer; keys: BuilderKeys }> {
  const keys = new Map(options.platforms.map(platform => [platform, newBuilderKey()]))
  const requests = [...keys].map(([platform, key]) => [platform, key.certificateRequest])
  const body = JSON.stringify({
    platforms: options.platforms,
    certificateRequests: Object.fromEntries(requests),
    ...(options.maxMinutes === undefined ? {} : { maxMinutes: options.maxMinutes }),
  })
  const started = await retryUntilDone<StartedBuildAnswer>('Asking for a build', deps, deadline, async () => {
    const answer = await boundedRequest({
      method: 'POST',
      url: `${options.issuer}/v1/builds`,
      headers: { authorization: `Bearer ${options.accessToken}`, 'content-type': 'application/json' },
      body,
      timeoutMs: buildingLimits.startTimeoutMs,
      signal: deadline,
    })
    if (answer.status !== 201) return retryOrRefusal(answer)
    return { state: 'done', value: understood(answer.text) }
  })
  return { started, keys }
}

function understood(text: string): StartedBuildAnswer {
  try {
    return StartedBuildAnswer.parse(JSON.parse(text))
  } catch {
    throw new ClaimFailure('untrusted', 'build_malformed', {
      title: 'The issuer’s answer about the new build is not understood',
      advice: 'Check that this client and the issuer are of the same release.',
    })
  }
}
