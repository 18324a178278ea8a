import type { Audience } from '@forkproof/contracts/ids'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { NativeOidc } from '../environment/run-environment.ts'
import { boundedRequest } from './bounded-request.ts'
import { ClaimFailure } from './claim-failure.ts'
import type { IdToken } from './collect-token.ts'
import { claimantLimits } from './limits.ts'
import { isPassing, persist } from './persistence.ts'
import type { ClaimPorts } from './ports.ts'

const Answer = z.object({ value: z.string().min(1) })

/**
 * GitHub's own OIDC token, where the run may have one: the stronger proof, and no claim is needed.
 * @throws ClaimFailure
 */
export async function nativeToken(
  oidc: NativeOidc,
  audience: Audience,
  ports: ClaimPorts,
  timeoutMs: number,
): Promise<IdToken> {
  ports.journal.say('GitHub’s own OIDC is available to this run, so its token is used and nothing needs proving.')
  const url = new URL(oidc.requestUrl)
  url.searchParams.set('audience', audience)
  const deadline = AbortSignal.timeout(timeoutMs)
  const text = await persist<string>('Asking GitHub for its token', ports, deadline, async () => {
    const answer = await boundedRequest({
      method: 'GET',
      url: url.href,
      headers: { authorization: `Bearer ${oidc.requestToken}` },
      timeoutMs: claimantLimits.requestTimeoutMs,
      signal: deadline,
    })
    if (answer.status === 200) return { state: 'done', value: answer.text }
    if (!isPassing(answer.status)) throw unusable(`GitHub answered ${answer.status}.`)
    return { state: 'failed', why: `GitHub answered ${answer.status}`, afterMs: answer.retryAfterMs }
  })
  try {
    const jwt = Answer.parse(JSON.parse(text)).value
    return { jwt, expiresAtSeconds: decodeJwt(jwt).exp ?? 0, proof: 'github' }
  } catch {
    throw unusable('The answer is not a token.')
  }
}

const unusable = (detail: string) =>
  new ClaimFailure('refused', 'native_token_refused', { title: 'GitHub issued no OIDC token', detail })
