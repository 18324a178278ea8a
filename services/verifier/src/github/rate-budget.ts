import { githubLimits } from './limits.ts'

/** What is known of one credential's limits at GitHub. */
interface BudgetState {
  /** Nothing may be sent before this time, milliseconds since the epoch. */
  readonly blockedUntilMs: number
  /** Secondary limits in a row; each doubles the wait. */
  readonly secondaryLimits: number
  /** As the latest answers say; undefined before the first one. */
  readonly hourly: HourlyBudget | undefined
}

/** GitHub tells it with each answer, so it is the same for all processes that use the credential. */
export interface HourlyBudget {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds since the epoch; undefined when the answer did not say. */
  readonly resetAtMs: number | undefined
}

export const freshBudget: BudgetState = { blockedUntilMs: 0, secondaryLimits: 0, hourly: undefined }

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
  const hourly = hourlyAfter(before.hourly, answer)
  // One second more than GitHub says: the reset is given in whole seconds.
  const resetMs = wholeNumberOf(answer.header('x-ratelimit-remaining')) === 0 ? resetMsOf(answer) : 0
  if (!isLimit(answer)) {
    return { hourly, blockedUntilMs: Math.max(resetMs, blockLeft(before, nowMs)), secondaryLimits: 0 }
  }
  const retryAfter = wholeNumberOf(answer.header('retry-after'))
  if (retryAfter === undefined && resetMs > 0) return { ...before, hourly, blockedUntilMs: resetMs }
  const doubled = githubLimits.secondaryLimitMsMin * 2 ** Math.min(before.secondaryLimits, 6)
  const waitMs = retryAfter === undefined ? Math.min(doubled, githubLimits.secondaryLimitMsMax) : retryAfter * 1_000
  const blockedUntilMs = Math.max(nowMs + waitMs, resetMs, before.blockedUntilMs)
  return { hourly, blockedUntilMs, secondaryLimits: before.secondaryLimits + 1 }
}

function hourlyAfter(before: HourlyBudget | undefined, answer: RateAnswer): HourlyBudget | undefined {
  const limit = wholeNumberOf(answer.header('x-ratelimit-limit'))
  const remaining = wholeNumberOf(answer.header('x-ratelimit-remaining'))
  if (limit === undefined || remaining === undefined) return before
  return { limit, remaining, resetAtMs: resetMsOf(answer) || undefined }
}

const resetMsOf = (answer: RateAnswer): number => {
  const seconds = wholeNumberOf(answer.header('x-ratelimit-reset'))
  return seconds === undefined ? 0 : (seconds + 1) * 1_000
}

/** An answer to a request that was sent before the block must not lift it. */
const blockLeft = (before: BudgetState, nowMs: number): number =>
  before.blockedUntilMs > nowMs ? before.blockedUntilMs : 0

function wholeNumberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined
}
