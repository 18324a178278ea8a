import { z } from 'zod'

/**
 * What the verifier reads of a run to find codes. The live log also needs the list of jobs, but not before the log is
 * due.
 */
export type RunReading = 'artifact list' | 'job list' | 'live log' | 'finished logs'

interface ChannelRecord {
  /** For docs and usage texts: what has to be the code or the sentence with it. */
  readonly description: string
  /** Ends the sentence "The issuer now looks for a public code …" in a claimant's own log. */
  readonly place: string
  readonly reads: readonly RunReading[]
  /**
   * Milliseconds after the claim: the first poll that is worth its cost as long as the claimant has not said that the
   * code is shown.
   */
  readonly firstPollMs: number
  /** Only the job itself can show a code there, so that the token may name it. */
  readonly provesJob: boolean
  /** What a verifier needs besides a token for GitHub's REST API. */
  readonly needs: 'nothing' | 'session cookie'
  /** Finding a code costs a counted request of its own, so a claimant has to ask for the channel by name. */
  readonly costsRequest: boolean
  /**
   * What shows a code there. An upload of an artifact takes the runtime token, which only a JavaScript action has
   * (docs/facts/github.md#runtime-token); a plain `run:` step can do the rest.
   */
  readonly shownBy: 'artifact' | 'printed sentence' | 'step name'
  /**
   * Whether a verifier reads it unless its operator says otherwise. A channel that others than the run's own workflow
   * can write to is off (docs/security.md#weak-points-stated).
   */
  readonly readByDefault: boolean
  /** Ends the sentence "… is not read here: …" for a claimant that asks for it in vain. */
  readonly offBecause: string
}

/**
 * Where a code can be shown. The one place: whatever depends on the channels is derived from it, and the verifier's
 * readers are held to it by the compiler. A new channel is its record here and its reader in
 * `services/verifier/src/channels`. docs/glossary.md: channel.
 */
export const channelTable = {
  artifact: {
    description: 'the whole name of an artifact',
    place: 'as an artifact',
    reads: ['artifact list'],
    firstPollMs: 3_000,
    provesJob: false,
    needs: 'nothing',
    costsRequest: true,
    shownBy: 'artifact',
    readByDefault: true,
    offBecause: 'the operator turned it off',
  },
  log: {
    description: 'a whole line in the live log of a running step',
    place: 'in this log',
    reads: ['live log'],
    firstPollMs: 0,
    provesJob: true,
    needs: 'session cookie',
    costsRequest: false,
    shownBy: 'printed sentence',
    readByDefault: true,
    offBecause: 'it needs a session cookie, and none is configured',
  },
  'step-name': {
    description: 'the whole name of a running step, after `proof `',
    place: 'as a step name',
    reads: ['job list'],
    firstPollMs: 3_000,
    provesJob: true,
    needs: 'nothing',
    costsRequest: false,
    shownBy: 'step name',
    readByDefault: true,
    offBecause: 'the operator turned it off',
  },
  'job-log': {
    description: 'a whole line in the log of a finished job',
    place: 'in this job’s log',
    reads: ['job list', 'finished logs'],
    // The job has to end first: polling early would use up the claim's counted requests.
    firstPollMs: 15_000,
    provesJob: true,
    needs: 'nothing',
    costsRequest: false,
    shownBy: 'printed sentence',
    readByDefault: false,
    offBecause: 'a line in a finished job’s log may be somebody else’s',
  },
} as const satisfies Record<string, ChannelRecord>

export type Channel = keyof typeof channelTable

type ChannelName<Kept> = { [Name in Channel]: (typeof channelTable)[Name] extends Kept ? Name : never }[Channel]
/** The channels whose record has these members, in the table's order. */
function channelsWith<const Kept extends Partial<ChannelRecord>>(kept: Kept): readonly ChannelName<Kept>[] {
  const names = Object.keys(channelTable) as Channel[]
  return names.filter((name): name is ChannelName<Kept> =>
    Object.entries(kept).every(([member, value]) => channelTable[name][member as keyof ChannelRecord] === value),
  )
}

export const Channel = z.enum(channelsWith({}))
/** A list without an end would be a way to make the parser work. */
export const ChannelList = z.array(Channel).min(1).max(Channel.options.length)

/**
 * What a claimant is watched for when it names no channel. Only clients that print the code as a sentence know nothing
 * of channels (docs/facts/depot.md#claim-contract); a claim of theirs where no log is read can never be proven.
 */
export const defaultChannels: readonly Channel[] = channelsWith({ shownBy: 'printed sentence' })
/** What a verifier reads unless its operator says otherwise, as far as it has what the channel needs. */
export const channelsReadByDefault: readonly Channel[] = channelsWith({ readByDefault: true })
/** What a verifier reads of these without more rights. */
export const channelsOfEveryVerifier: readonly Channel[] = channelsWith({ readByDefault: true, needs: 'nothing' })

/** What a claimant without the Action can ask for. */
export const RunStepChannel = Channel.exclude(channelsWith({ shownBy: 'artifact' }))
export type RunStepChannel = z.infer<typeof RunStepChannel>
export const RunStepChannelList = z.array(RunStepChannel).min(1).max(RunStepChannel.options.length)

export const channelReads = (channel: Channel, reading: RunReading): boolean =>
  (channelTable[channel].reads as readonly RunReading[]).includes(reading)
