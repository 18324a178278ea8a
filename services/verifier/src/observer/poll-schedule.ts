import { type Channel, channelReads, channelTable } from '@forkproof/contracts/channels'
import { pollLimits } from './limits.ts'

/** What decides when a claim's next poll of the REST API is due (docs/glossary.md: poll, poll schedule). */
export interface PollState {
  readonly claimedAtMs: number
  /** Time from the claim to the first poll, if the claimant says nothing; 0 is at once. */
  readonly firstPollMs: number
  readonly shownAtMs: number | undefined
  readonly shownCount: number
  readonly askedAtMs: number | undefined
  /** Counted requests made for this claim. */
  readonly counted: number
  readonly lastPollMs: number | undefined
}

/**
 * Milliseconds after the claim of the first poll that is worth its cost. With artifacts the live log comes later,
 * because it needs the job list: a counted request.
 */
export function firstPollMs(channels: readonly Channel[]): number {
  const forArtifacts = channels.some(channel => channelReads(channel, 'artifact list'))
  const offsets = channels.map(channel =>
    forArtifacts && channelReads(channel, 'live log')
      ? pollLimits.logAfterArtifactMs
      : channelTable[channel].firstPollMs,
  )
  return Math.min(...offsets, pollLimits.firstPollMsMax)
}

/** Counted requests that this claim may still cause: two without a nudge, one more for each `shown`, up to a cap. */
export const countedLeft = (state: Pick<PollState, 'shownCount' | 'counted'>): number =>
  Math.min(pollLimits.countedUnshownMax + state.shownCount, pollLimits.countedMax) - state.counted

/** In milliseconds since the epoch; undefined when only a nudge can cause the next poll. Pure. */
export function nextPollMs(state: PollState): number | undefined {
  if (countedLeft(state) <= 0) return undefined
  const lastMs = state.lastPollMs ?? Number.NEGATIVE_INFINITY
  if (state.shownAtMs !== undefined) return nextShownMs(state.shownAtMs, lastMs)
  const plannedMs = [state.firstPollMs, ...pollLimits.unshownPollsMs]
    .filter(offset => offset >= state.firstPollMs)
    .map(offset => state.claimedAtMs + offset)
    .find(at => at > lastMs)
  return earliest(plannedMs, nextAskedMs(state, lastMs))
}

function nextShownMs(shownAtMs: number, lastMs: number): number {
  const planned = pollLimits.shownPollsMs.map(offset => shownAtMs + offset).find(at => at > lastMs)
  if (planned !== undefined) return planned
  const afterListMs = lastMs - shownAtMs
  const turns = Math.floor(afterListMs / pollLimits.shownEveryMs) + 1
  return shownAtMs + turns * pollLimits.shownEveryMs
}

function nextAskedMs({ claimedAtMs, askedAtMs }: PollState, lastMs: number): number | undefined {
  if (askedAtMs === undefined || askedAtMs <= lastMs) return undefined
  return Math.max(askedAtMs, claimedAtMs + pollLimits.askedFirstMs, lastMs + pollLimits.askedFloorMs)
}

const earliest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
