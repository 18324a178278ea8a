import { decodeJwt, type JWTPayload } from 'jose'
import { type BoundedAnswer, boundedRequest } from './bounded-request.ts'
import type { ClaimDeps } from './claim-deps.ts'
import { ClaimFailure } from './claim-failure.ts'
import { openSealed } from './claim-key.ts'
import { claimantLimits } from './limits.ts'
import type { OpenClaim } from './open-claim.ts'
import { isVerdict, readRefusal } from './read-refusal.ts'
import { failedAttempt, isTransient, retryUntilDone } from './retry-until-done.ts'

export interface IdToken {
  /** The compact JWT: a bearer secret. */
  readonly jwt: string
  /** Seconds since the epoch. */
  readonly expiresAtSeconds: number
  /** Where the issuer saw the code, or `github` for GitHub's own token. */
  readonly proof: string
}

/** Asks for the token until there is a verdict. Asking early never spoils a claim. @throws ClaimFailure */
export async function collectToken(claim: OpenClaim, deps: ClaimDeps, deadline: AbortSignal): Promise<IdToken> {
  const sealed = await retryUntilDone<BoundedAnswer>('Waiting for the token', deps, deadline, async () => {
    const answer = await boundedRequest({
      method: 'POST',
      url: claim.exchangeUrl,
      timeoutMs: claimantLimits.exchangeTimeoutMs,
      signal: deadline,
    })
    if (answer.status === 200) return { state: 'done', value: answer }
    if (answer.status === 202) return { state: 'pending', afterMs: answer.retryAfterMs }
    if (isTransient(answer.status) && !isVerdict(answer)) return failedAttempt(answer)
    throw readRefusal(answer)
  })
  if (sealed.mediaType !== 'application/jose') {
    throw untrusted('token_not_sealed', 'The issuer sent something that is not sealed to our key')
  }
  const jwt = await openSealed(sealed.text.trim(), claim.key).catch(() => {
    throw untrusted('token_sealed_to_another', 'The issuer sent a token that our key does not open')
  })
  return checkToken(jwt, claim)
}

/**
 * The relying party checks the signature. These checks catch a token for something else here, where the log explains
 * it; the relying party would only say no.
 */
function checkToken(jwt: string, claim: OpenClaim): IdToken {
  const claims = decode(jwt)
  const mismatch =
    (claims.iss !== claim.issuer && 'issuer') ||
    (claims.aud !== claim.audience && 'audience') ||
    (claims['run_id'] !== claim.runId && 'run')
  if (mismatch) throw untrusted('token_mismatch', `The token is for another ${mismatch}`)
  const proof = claims['proof_method']
  return { jwt, expiresAtSeconds: claims.exp ?? 0, proof: typeof proof === 'string' ? proof : 'unknown' }
}

function decode(jwt: string): JWTPayload {
  try {
    return decodeJwt(jwt)
  } catch {
    throw untrusted('token_malformed', 'What the issuer sealed is not a token')
  }
}

const untrusted = (code: string, title: string) =>
  new ClaimFailure('untrusted', code, { title, advice: 'Nothing was exported. Tell the operator of the issuer.' })
