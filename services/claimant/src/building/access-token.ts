import { isErrorCode } from '@forkproof/contracts/errors'
import { AccessToken, type Issuer, type ProjectId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { type BoundedAnswer, boundedRequest } from '../claiming/bounded-request.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure, harmlessText, refusalFailure } from '../claiming/claim-failure.ts'
import { claimantLimits } from '../claiming/limits.ts'
import { failedAttempt, isTransient, retryUntilDone } from '../claiming/retry-until-done.ts'

interface TokenExchangeOptions {
  readonly issuer: Issuer
  readonly projectId: ProjectId
  /** A bearer secret. */
  readonly idToken: string
}

const AccessTokenAnswer = z.object({ access_token: AccessToken, token_type: z.string().regex(/^bearer$/i) })
/** RFC 6749 section 5.2 with our members. All are optional, because a proxy in between may answer anything. */
const OauthError = z.object({
  error: z.string().optional().catch(undefined),
  error_description: z.string().optional().catch(undefined),
  error_uri: z.string().optional().catch(undefined),
  reasons: z.array(z.string()).max(20).optional().catch(undefined),
})
const errorUriPrefix = 'urn:forkproof:error:'

/** Exchanges the ID token for the right to build in one project (RFC 8693), which uses it up. @throws ClaimFailure */
export async function exchangeIdToken(
  options: TokenExchangeOptions,
  deps: ClaimDeps,
  deadline: AbortSignal,
): Promise<AccessToken> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: options.idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: options.projectId,
  })
  const answer = await retryUntilDone<BoundedAnswer>('Exchanging the token', deps, deadline, async () => {
    const answer = await boundedRequest({
      method: 'POST',
      url: `${options.issuer}/oauth/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
      timeoutMs: claimantLimits.requestTimeoutMs,
      signal: deadline,
    })
    if (answer.status === 200) return { state: 'done', value: answer }
    if (isTransient(answer.status)) return failedAttempt(answer)
    throw oauthRefusal(answer)
  })
  const parsed = AccessTokenAnswer.safeParse(parseJson(answer.text))
  if (parsed.success) return parsed.data.access_token
  throw new ClaimFailure('untrusted', 'access_malformed', { title: 'The issuer’s answer is not an access token' })
}

function oauthRefusal(answer: BoundedAnswer): ClaimFailure {
  const { error, error_description, error_uri, reasons } = OauthError.safeParse(parseJson(answer.text)).data ?? {}
  const ours = error_uri?.startsWith(errorUriPrefix) ? error_uri.slice(errorUriPrefix.length) : undefined
  // A maintainer needs the names of the rules to see which one to change.
  const failed = reasons === undefined || reasons.length === 0 ? '' : ` Rules that failed: ${reasons.join(', ')}.`
  const detail = `${error_description ?? ''}${failed}`.trim()
  if (ours !== undefined && isErrorCode(ours))
    return refusalFailure(ours, answer.status, detail === '' ? undefined : detail)
  const code = error !== undefined && /^[a-z_]{1,40}$/.test(error) ? error : 'exchange_refused'
  return new ClaimFailure('refused', code, {
    title: 'The issuer did not exchange the token',
    ...(detail === '' ? {} : { detail: harmlessText(detail) }),
    advice: 'Check the project’s id and that the issuer is the one the project lives at.',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
