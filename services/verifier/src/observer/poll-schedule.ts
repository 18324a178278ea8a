import { type Channel, channelReads, channelTable } from '@forkproof/contracts/channels'
import { pollLimits } from './limits.ts'

/** What one poll of a run reads: its artifacts or its jobs. */
export type PolledList = 'artifacts' | 'jobs'

/** What decides when a claim's next poll of one list is due (docs/glossary.md: poll, poll schedule). */
export interface PollState {
  readonly claimedAtMs: number
  /** Time from the claim to the first poll, if the claimant says nothing; 0 is at once. */
  readonly firstPollMs: number
  /** When the code was shown, and the latest repetition of that word that counts. */
  readonly shownAtMs: number | undefined
  readonly shownAgainAtMs: number | undefined
  readonly askedAtMs: number | undefined
  readonly lastPollMs: number | undefined
  /** Polls for this claim that cost something before its code was shown. */
  readonly countedUnshown: number
}

/** Milliseconds after the claim of the first poll that is worth its cost; undefined when no channel reads the list. */
export function firstPollMs(channels: readonly Channel[], list: PolledList): number | undefined {
  const forArtifacts = channels.filter(channel => channelReads(channel, 'artifact list'))
  const forJobs = channels.filter(channel => !forArtifacts.includes(channel))
  const offsets = (list === 'artifacts' ? forArtifacts : forJobs).map(channel => channelTable[channel].firstPollMs)
  if (offsets.length === 0) return undefined
  const earliestMs = Math.min(...offsets, pollLimits.firstPollMsMax)
  return Math.max(earliestMs, delayMs(channels, list))
}

/** A list of jobs costs a request, so it waits for the artifact where there may be one. */
export const delayMs = (channels: readonly Channel[], list: PolledList): number =>
  list === 'jobs' && channels.some(channel => channelReads(channel, 'artifact list'))
    ? pollLimits.jobsAfterArtifactMs
    : 0

/**
 * In milliseconds since the epoch. There always is a next poll: a claim is not left alone before its end. Pure.
 */
export function nextPollMs(state: PollState): number {
  const { shownAtMs, shownAgainAtMs, lastPollMs: lastMs = Number.NEGATIVE_INFINITY } = state
  if (shownAtMs !== undefined) return nextShownMs({ shownAtMs, shownAgainAtMs, lastMs })
  const plannedMs = [state.firstPollMs, ...pollLimits.unshownPollsMs]
    .filter(offset => offset >= state.firstPollMs)
    .map(offset => state.claimedAtMs + offset)
    .find(at => at > lastMs)
  return Math.min(plannedMs ?? Number.POSITIVE_INFINITY, nextAskedMs(state, lastMs))
}

function nextShownMs(times: { shownAtMs: number; shownAgainAtMs: number | undefined; lastMs: number }): number {
  const { shownAtMs, shownAgainAtMs = shownAtMs, lastMs } = times
  const planned = pollLimits.shownPollsMs.map(offset => shownAtMs + offset).find(at => at > lastMs)
  if (planned !== undefined) return planned
  const ageMs = lastMs - shownAgainAtMs
  // What was said since the last poll is worth one more, at the pace of the first seconds.
  const { pauseMs } = pollLimits.shownPauses.find(({ untilMs }) => ageMs < untilMs) ?? pollLimits.shownPauses[0]
  return Math.max(lastMs + pauseMs, shownAtMs)
}

function nextAskedMs({ claimedAtMs, askedAtMs, countedUnshown }: PollState, lastMs: number): number {
  if (askedAtMs === undefined || askedAtMs <= lastMs) return Number.POSITIVE_INFINITY
  const pauseMs = Math.min(pollLimits.askedPauseMs * 2 ** countedUnshown, pollLimits.askedPauseMsMax)
  return Math.max(askedAtMs, claimedAtMs + pollLimits.askedFirstMs, lastMs + pauseMs)
}
