import { type BoundedAnswer, UnreachableError } from './bounded-request.ts'
import type { ClaimDeps } from './claim-deps.ts'
import { ClaimFailure, withDetail } from './claim-failure.ts'
import { claimantLimits } from './limits.ts'
import { readRefusal } from './read-refusal.ts'

export type AttemptOutcome<T> =
  | { readonly state: 'done'; readonly value: T }
  /** Not an error: the issuer needs more time. */
  | { readonly state: 'pending'; readonly afterMs: number | undefined }
  | {
      readonly state: 'failed'
      readonly why: string
      readonly afterMs: number | undefined
      /** Thrown where the server asks for more patience than there is. */
      readonly refusal?: ClaimFailure
    }

/**
 * Tries until done or until the deadline.
 * After a failure it waits with jittered exponential back-off, and no less than Retry-After says; while pending it
 * waits as long as the server says.
 * @param endsAtMs when the deadline is, where that is known: a Retry-After beyond it ends the wait at once
 * @throws ClaimFailure `unavailable` at the deadline, naming the last problem
 * @throws whatever `attempt` throws except UnreachableError
 */
export async function retryUntilDone<T>(
  what: string,
  deps: ClaimDeps,
  deadline: AbortSignal,
  attempt: () => Promise<AttemptOutcome<T>>,
  endsAtMs: number = Number.POSITIVE_INFINITY,
): Promise<T> {
  let failures = 0
  let lastProblem: string | undefined
  try {
    for (;;) {
      deadline.throwIfAborted()
      const outcome = await attempt().catch(unreachableIsFailed)
      if (outcome.state === 'done') return outcome.value
      if (outcome.state === 'failed') {
        lastProblem = outcome.why
        if (outcome.refusal && deps.clock.now() + (outcome.afterMs ?? 0) > endsAtMs) throw tooLong(outcome.refusal)
        deps.journal.warn(`${what}: ${outcome.why}; trying again.`)
      }
      failures = outcome.state === 'failed' ? failures + 1 : 0
      await deps.clock.sleep(pauseMs(outcome, failures, deps.random()), deadline)
    }
  } catch (error) {
    if (!deadline.aborted || error instanceof ClaimFailure) throw error
    throw new ClaimFailure('unavailable', 'timeout', {
      title: `${what}: not done in time`,
      ...(lastProblem === undefined ? {} : { detail: `The last problem was: ${lastProblem}` }),
      advice: 'Check that the issuer is up and that its address is right, then run the job again.',
    })
  }
}

/** For 429 and 5xx. The caller has handled every other status. */
export const failedAttempt = (answer: BoundedAnswer): AttemptOutcome<never> => ({
  state: 'failed',
  why: `the issuer answered ${answer.status}`,
  afterMs: answer.retryAfterMs,
  refusal: readRefusal(answer),
})

/** The same failure, with the reason why it was not tried again. */
function tooLong(refusal: ClaimFailure): ClaimFailure {
  const seconds = Math.ceil((refusal.retryAfterMs ?? 0) / 1_000)
  const wait = `The issuer asks to wait ${seconds} s, which is longer than the time left.`
  return withDetail(refusal, wait)
}

export const isTransient = (status: number): boolean => status === 429 || status >= 500

function unreachableIsFailed(error: unknown): AttemptOutcome<never> {
  if (error instanceof UnreachableError) return { state: 'failed', why: error.message, afterMs: undefined }
  throw error
}

function pauseMs(
  outcome: { state: 'pending' | 'failed'; afterMs: number | undefined },
  failures: number,
  random: number,
) {
  const { backoffFirstMs, backoffMaxMs, retryAfterMsMin, retryAfterMsMax, pendingRetryAfterMsDefault } = claimantLimits
  if (outcome.state === 'pending') {
    return Math.min(Math.max(outcome.afterMs ?? pendingRetryAfterMsDefault, retryAfterMsMin), retryAfterMsMax)
  }
  const ceilingMs = Math.min(backoffFirstMs * 2 ** (failures - 1), backoffMaxMs)
  const jitteredMs = ceilingMs / 2 + (random * ceilingMs) / 2
  return Math.max(jitteredMs, outcome.afterMs ?? 0)
}
