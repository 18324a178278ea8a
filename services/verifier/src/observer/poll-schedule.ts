import type { Channel } from '@forkproof/contracts/claim'
import { paceLimits } from './limits.ts'

/** What decides when a claim next wants its run looked at through the REST API. */
export interface Pace {
  readonly claimedAtMs: number
  /** After the claim, for the first look without a word from the claimant; 0 is at once. */
  readonly firstLookMs: number
  readonly shownAtMs: number | undefined
  readonly shownCount: number
  readonly askedAtMs: number | undefined
  /** Counted requests made for this claim's looks. */
  readonly counted: number
  readonly lastLookMs: number | undefined
}

/** The live log needs the job list at once; artifacts and step names take a while to appear, a finished job longer still. */
export function firstLookMs(channels: readonly Channel[], logIsReadAtOnce: boolean): number {
  if (logIsReadAtOnce) return 0
  const onlyFinishedLogs = channels.every(channel => channel === 'job-log' || channel === 'log')
  return onlyFinishedLogs ? paceLimits.unshownJobLogMs : paceLimits.unshownLooksMs[0]
}

/** Counted requests this claim may still cause: two in silence, one more for each `shown`, never more than the cap. */
export const countedLeft = (pace: Pick<Pace, 'shownCount' | 'counted'>): number =>
  Math.min(paceLimits.countedUnshownMax + pace.shownCount, paceLimits.countedMax) - pace.counted

/** Milliseconds since the epoch; undefined when only a nudge can bring the next look. Pure. */
export function nextLookMs(pace: Pace): number | undefined {
  if (countedLeft(pace) <= 0) return undefined
  const lastMs = pace.lastLookMs ?? Number.NEGATIVE_INFINITY
  if (pace.shownAtMs !== undefined) return nextShownMs(pace.shownAtMs, lastMs)
  const plannedMs = [pace.firstLookMs, ...paceLimits.unshownLooksMs]
    .filter(offset => offset >= pace.firstLookMs)
    .map(offset => pace.claimedAtMs + offset)
    .find(at => at > lastMs)
  return earliest(plannedMs, nextAskedMs(pace, lastMs))
}

function nextShownMs(shownAtMs: number, lastMs: number): number {
  const planned = paceLimits.shownLooksMs.map(offset => shownAtMs + offset).find(at => at > lastMs)
  if (planned !== undefined) return planned
  const afterListMs = lastMs - shownAtMs
  const turns = Math.floor(afterListMs / paceLimits.shownEveryMs) + 1
  return shownAtMs + turns * paceLimits.shownEveryMs
}

function nextAskedMs({ claimedAtMs, askedAtMs }: Pace, lastMs: number): number | undefined {
  if (askedAtMs === undefined || askedAtMs <= lastMs) return undefined
  return Math.max(askedAtMs, claimedAtMs + paceLimits.askedFirstMs, lastMs + paceLimits.askedFloorMs)
}

const earliest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
