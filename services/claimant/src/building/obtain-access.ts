import { AccessToken, type ProjectId } from '@forkproof/contracts/ids'
import { decodeJwt } from 'jose'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { describeToken, type ObtainTokenOptions, obtainToken } from '../claiming/obtain-token.ts'
import type { RunEnvironment } from '../environment/run-environment.ts'
import { exchangeIdToken } from './access-token.ts'

interface AccessOptions extends ObtainTokenOptions {
  readonly projectId: ProjectId
  /** What earlier steps left; an empty string counts as absent. */
  readonly given: { readonly accessToken: string | undefined; readonly idToken: string | undefined }
}

/** A token with less time left than this would expire on its way. */
const idTokenRestMsMin = 10_000

/**
 * Gets the right to build by the shortest way that is open: the access token of an earlier step, the ID token of an
 * earlier step, GitHub's own ID token, or a claimed one.
 * @param onSecret called with every secret before anything can print it
 * @throws ClaimFailure
 */
export async function obtainAccess(
  where: RunEnvironment,
  options: AccessOptions,
  deps: ClaimDeps,
  onSecret: (secret: string) => void,
): Promise<AccessToken> {
  const { issuer, projectId, given } = options
  if (given.accessToken) return acceptAccessToken(given.accessToken)
  const exchange = async (idToken: string) => {
    const deadline = AbortSignal.timeout(options.timeoutMs)
    const accessToken = await exchangeIdToken({ issuer, projectId, idToken }, deps, deadline)
    onSecret(accessToken)
    deps.journal.say(`Admitted to project ${projectId}.`)
    return accessToken
  }
  if (given.idToken && isFresh(given.idToken, deps.clock.now())) {
    try {
      return await exchange(given.idToken)
    } catch (error) {
      if (!(error instanceof ClaimFailure) || error.code !== 'id_token_used' || where.kind === 'cannot') throw error
      deps.journal.say('The token of an earlier step was used before, so a fresh one is obtained.')
    }
  }
  const token = await obtainToken(where, options, deps)
  onSecret(token.jwt)
  deps.journal.say(describeToken(token, options.audience))
  return exchange(token.jwt)
}

function acceptAccessToken(text: string): AccessToken {
  const accessToken = AccessToken.safeParse(text)
  if (accessToken.success) return accessToken.data
  throw new ClaimFailure('refused', 'access_token_invalid', {
    title: 'FORKPROOF_ACCESS_TOKEN is not an access token',
    advice: 'Leave the variable as the Action sets it, or unset it.',
  })
}

/** An ID token that cannot be decoded counts as fresh: the issuer's answer says what is wrong with it. */
function isFresh(idToken: string, nowMs: number): boolean {
  try {
    const { exp } = decodeJwt(idToken)
    return exp === undefined || exp * 1_000 - nowMs > idTokenRestMsMin
  } catch {
    return true
  }
}
