import type { Audience } from '@forkproof/contracts/ids'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { NativeOidc } from '../environment/run-environment.ts'
import { boundedRequest } from './bounded-request.ts'
import type { ClaimDeps } from './claim-deps.ts'
import { ClaimFailure } from './claim-failure.ts'
import type { IdToken } from './collect-token.ts'
import { claimantLimits } from './limits.ts'
import { isTransient, retryUntilDone } from './retry-until-done.ts'

const NativeTokenAnswer = z.object({ value: z.string().min(1) })

/**
 * Asks GitHub for its own OIDC token, where the run may have one. It is the stronger proof, and no claim is needed.
 * @throws ClaimFailure
 */
export async function nativeToken(
  oidc: NativeOidc,
  audience: Audience,
  deps: ClaimDeps,
  timeoutMs: number,
): Promise<IdToken> {
  deps.journal.say('GitHub’s own OIDC is available to this run, so its token is used and nothing needs proving.')
  const url = new URL(oidc.requestUrl)
  url.searchParams.set('audience', audience)
  const deadline = AbortSignal.timeout(timeoutMs)
  const text = await retryUntilDone<string>('Asking GitHub for its token', deps, deadline, async () => {
    const answer = await boundedRequest({
      method: 'GET',
      url: url.href,
      headers: { authorization: `Bearer ${oidc.requestToken}` },
      timeoutMs: claimantLimits.requestTimeoutMs,
      signal: deadline,
    })
    if (answer.status === 200) return { state: 'done', value: answer.text }
    if (!isTransient(answer.status)) throw unusable(`GitHub answered ${answer.status}.`)
    return { state: 'failed', why: `GitHub answered ${answer.status}`, afterMs: answer.retryAfterMs }
  })
  try {
    const jwt = NativeTokenAnswer.parse(JSON.parse(text)).value
    return { jwt, expiresAtSeconds: decodeJwt(jwt).exp ?? 0, proof: 'github' }
  } catch {
    throw unusable('The answer is not a token.')
  }
}

const unusable = (detail: string) =>
  new ClaimFailure('refused', 'native_token_refused', { title: 'GitHub issued no OIDC token', detail })
