import type { RestViewer } from '../access/credential-store.ts'
import { suspendedAnswer } from '../apps/app-handlers.ts'
import { errorAnswer, type RestAnswer } from './rest-answer.ts'
import type { RestCall } from './rest-call.ts'

const limitsPage = 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api'

/** The answer that a fault or a limit gives before the address is looked at, if any. */
export function rejectRequest(call: RestCall, isFree: boolean): RestAnswer | undefined {
  const { state, behaviour, viewer, now } = call
  if (state.behaviour.chance(behaviour.errorRate.rate))
    return errorAnswer(behaviour.errorRate.status, 'Injected failure')
  if (state.apps.isSuspended(viewer)) return suspendedAnswer()
  if (exceedsSecondaryLimit(call)) {
    const message =
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. ' +
      'For more on scraping GitHub and how it may affect your rights, please review our Terms of Service ' +
      '(https://docs.github.com/en/site-policy/github-terms/github-terms-of-service).'
    const headers = { 'retry-after': String(behaviour.secondaryRetryAfterSeconds) }
    return errorAnswer(behaviour.limitStatus, message, headers, `${limitsPage}#about-secondary-rate-limits`)
  }
  if (isFree || state.limits.take(viewer, primaryLimit(call), now)) return undefined
  const whom =
    viewer.login === null
      ? viewer.bucket.replace('address ', '').replace('installation', 'installation ID')
      : `user ${viewer.login}`
  return errorAnswer(behaviour.limitStatus, `API rate limit exceeded for ${whom}.`, {}, limitsPage)
}

/** Reading the limits is free of the primary one only, as far as the documentation says. */
function exceedsSecondaryLimit({ state, behaviour, viewer, now, points }: RestCall): boolean {
  const { pointsPerMinute, concurrentMax } = behaviour
  if (behaviour.secondaryLimit) return true
  if (concurrentMax !== null && state.secondaryLimits.openCount(viewer.bucket) > concurrentMax) return true
  return pointsPerMinute !== null && !state.secondaryLimits.take(viewer.bucket, points, pointsPerMinute, now)
}

export function primaryLimit(call: RestCall): number {
  return call.behaviour.primaryLimit ?? call.viewer.limitPerHour
}

export function limitHeaders(call: RestCall): Record<string, string> {
  const quota = call.state.limits.read(call.viewer, primaryLimit(call), call.now)
  return {
    'x-ratelimit-limit': String(quota.limit),
    'x-ratelimit-remaining': String(quota.remaining),
    'x-ratelimit-used': String(quota.used),
    'x-ratelimit-reset': String(quota.reset),
    'x-ratelimit-resource': 'core',
    ...expirationHeader(call.viewer),
  }
}

/** Of personal tokens that end. Source: documented, `rest/authentication/keeping-your-api-credentials-secure`. */
function expirationHeader({ kind, expiresAt }: RestViewer): Record<string, string> {
  if (expiresAt === null || (kind !== 'classic' && kind !== 'fine-grained')) return {}
  const time = new Date(expiresAt).toISOString().slice(0, 19).replace('T', ' ')
  return { 'github-authentication-token-expiration': `${time} UTC` }
}
