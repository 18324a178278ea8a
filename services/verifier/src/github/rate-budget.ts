import { githubLimits } from './limits.ts'

interface BudgetState {
  /** Nothing may be sent before this time, milliseconds since the epoch. */
  readonly blockedUntilMs: number
  readonly low: boolean
  /** Secondary limits in a row; each doubles the wait. */
  readonly secondaryLimits: number
}
export const freshBudget: BudgetState = { blockedUntilMs: 0, low: false, secondaryLimits: 0 }

interface RateAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** The body's `message`, for telling a limit from a plain refusal. */
  readonly message: string
}

/**
 * Tells a limit from a refusal (docs/facts/github.md#primary-rate-limits, docs/facts/github.md#secondary-rate-limits).
 */
export function isLimit({ status, header, message }: RateAnswer): boolean {
  if (status === 429) return true
  if (status !== 403) return false
  return (
    header('x-ratelimit-remaining') === '0' || header('retry-after') !== undefined || /rate limit|abuse/i.test(message)
  )
}

/** The budget after an answer. Pure. */
export function budgetAfter(before: BudgetState, answer: RateAnswer, nowMs: number): BudgetState {
  const limit = wholeNumberOf(answer.header('x-ratelimit-limit'))
  const remaining = wholeNumberOf(answer.header('x-ratelimit-remaining'))
  const resetSeconds = wholeNumberOf(answer.header('x-ratelimit-reset'))
  const low = limit !== undefined && remaining !== undefined && remaining < limit * githubLimits.lowBudgetShare
  // One second more than GitHub says: the reset is given in whole seconds.
  const resetMs = remaining === 0 && resetSeconds !== undefined ? (resetSeconds + 1) * 1_000 : 0
  if (!isLimit(answer)) return { blockedUntilMs: Math.max(resetMs, blockLeft(before, nowMs)), low, secondaryLimits: 0 }
  const retryAfter = wholeNumberOf(answer.header('retry-after'))
  if (retryAfter === undefined && resetMs > 0) return { ...before, low: true, blockedUntilMs: resetMs }
  const doubled = githubLimits.secondaryLimitMsMin * 2 ** Math.min(before.secondaryLimits, 6)
  const waitMs = retryAfter === undefined ? Math.min(doubled, githubLimits.secondaryLimitMsMax) : retryAfter * 1_000
  const blockedUntilMs = Math.max(nowMs + waitMs, resetMs, before.blockedUntilMs)
  return { blockedUntilMs, low, secondaryLimits: before.secondaryLimits + 1 }
}

/** An answer to a request that was sent before the block must not lift it. */
const blockLeft = (before: BudgetState, nowMs: number): number =>
  before.blockedUntilMs > nowMs ? before.blockedUntilMs : 0

function wholeNumberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined
}
