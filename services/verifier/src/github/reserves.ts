import { githubLimits } from './limits.ts'
import type { HourlyBudget } from './rate-budget.ts'
import type { RequestPriority } from './request-priority.ts'

const hourMs = 3_600_000

interface Reserve {
  /** Share of the hourly limit that is kept for those with more priority, at the end of the hour. */
  readonly endShare: number
  /** The same at the beginning of the hour. What lies between is given out evenly over the hour. */
  readonly startShare: number
  /** Share of the points a minute, and of the places for requests under way, that this priority may take. */
  readonly minuteShare: number
}

/**
 * What is kept back from each priority. So unknown repositories spend half of an hour's requests at most, a half of
 * that at once and the rest evenly; a flood of them makes each other wait, and nobody else.
 */
const reserves: Readonly<Record<RequestPriority, Reserve>> = {
  admitted: { endShare: 0, startShare: 0, minuteShare: 1 },
  related: { endShare: 0.1, startShare: 0.1, minuteShare: 0.9 },
  unknown: { endShare: 0.5, startShare: 0.75, minuteShare: 0.5 },
}

export const minuteShareOf = (priority: RequestPriority): number => reserves[priority].minuteShare

/** Requests that this priority may still spend now, with `open` more of them unanswered. Pure. */
export function headroom(hourly: HourlyBudget, priority: RequestPriority, open: number, nowMs: number): number {
  const { limit, remaining, resetAtMs } = hourly
  const left = resetAtMs !== undefined && resetAtMs <= nowMs ? limit : remaining
  return left - open - limit * floorShare(priority, hourLeft(resetAtMs, nowMs))
}

/** When this priority may spend the next request, in milliseconds since the epoch; now or earlier when it may. Pure. */
export function spendableAtMs(hourly: HourlyBudget, priority: RequestPriority, open: number, nowMs: number): number {
  if (headroom(hourly, priority, open, nowMs) >= 1) return nowMs
  const { limit, remaining, resetAtMs } = hourly
  if (resetAtMs === undefined) return nowMs + githubLimits.unknownResetMs
  const { endShare, startShare } = reserves[priority]
  const free = (remaining - open - 1) / limit - endShare
  if (free < 0 || startShare === endShare) return resetAtMs
  // The reserve shrinks evenly until the reset: at this share of the hour it leaves one request free.
  const share = free / (startShare - endShare)
  return Math.min(Math.max(Math.ceil(resetAtMs - share * hourMs), nowMs + 1), resetAtMs)
}

/** Whether polls should slow down: little is left for this priority. Pure. */
export const isLow = (hourly: HourlyBudget, priority: RequestPriority, nowMs: number): boolean =>
  headroom(hourly, priority, 0, nowMs) < hourly.limit * githubLimits.lowBudgetShare

/** From 1 after a reset to 0 at the next one; 1 when the reset is not known. */
function hourLeft(resetAtMs: number | undefined, nowMs: number): number {
  if (resetAtMs === undefined || resetAtMs <= nowMs) return 1
  return Math.min((resetAtMs - nowMs) / hourMs, 1)
}

function floorShare(priority: RequestPriority, left: number): number {
  const { endShare, startShare } = reserves[priority]
  return endShare + (startShare - endShare) * left
}
