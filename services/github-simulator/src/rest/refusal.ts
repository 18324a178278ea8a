import { type Answer, failure, type RestCall } from './answer.ts'

/** What is answered before the address is even looked at: faults that are dialled in, then the limits. */
export function refusal(call: RestCall, isFree: boolean): Answer | undefined {
  const { simulation, dials, viewer, now } = call
  if (simulation.dials.chance(dials.errorRate.rate)) return failure(dials.errorRate.status, 'Injected failure')
  if (dials.secondaryLimit) {
    const message =
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. ' +
      'For more on scraping GitHub and how it may affect your rights, please review our Terms of Service.'
    return failure(dials.limitStatus, message, { 'retry-after': String(dials.secondaryRetryAfterSeconds) })
  }
  if (isFree || simulation.limits.take(viewer, primaryLimit(call), now)) return undefined
  const whom = viewer.login === null ? viewer.bucket.replace('address ', '') : `user ${viewer.login}`
  return failure(dials.limitStatus, `API rate limit exceeded for ${whom}.`)
}

export function primaryLimit(call: RestCall): number {
  return call.dials.primaryLimit ?? call.viewer.limitPerHour
}

export function limitHeaders(call: RestCall): Record<string, string> {
  const quota = call.simulation.limits.read(call.viewer, primaryLimit(call), call.now)
  return {
    'x-ratelimit-limit': String(quota.limit),
    'x-ratelimit-remaining': String(quota.remaining),
    'x-ratelimit-used': String(quota.used),
    'x-ratelimit-reset': String(quota.reset),
    'x-ratelimit-resource': 'core',
  }
}
