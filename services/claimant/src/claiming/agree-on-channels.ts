import type { Channel } from '@forkproof/contracts/channels'
import type { Issuer } from '@forkproof/contracts/ids'
import { ClaimFailure } from './claim-failure.ts'
import type { ClientPlace } from './client-channels.ts'
import { issuerChannels } from './issuer-channels.ts'

interface ChannelWish {
  readonly issuer: Issuer
  /** What this client can show, the best first. */
  readonly channels: readonly Channel[]
  readonly place: ClientPlace
}

/**
 * The channels to claim with: those that the client can show and the issuer reads.
 * An issuer that does not say what it reads is asked for all.
 * @throws ClaimFailure when no channel can prove this run, so that nobody waits for a claim's whole time in vain
 */
export async function agreeOnChannels(wish: ChannelWish, signal: AbortSignal): Promise<readonly Channel[]> {
  const read = await issuerChannels(wish.issuer, signal)
  if (read === undefined) return wish.channels
  const agreed = wish.channels.filter(channel => read.includes(channel))
  if (agreed.length > 0) return agreed
  throw new ClaimFailure('cannot', 'no_channel', {
    title: 'The issuer looks for the code only where this step cannot show it',
    detail: `The issuer reads: ${listOf(read)}. This step can show: ${listOf(wish.channels)}.`,
    advice: remedy(wish.place, read),
  })
}

const listOf = (channels: readonly Channel[]) => channels.join(', ') || 'nothing that this client knows'

function remedy(place: ClientPlace, read: readonly Channel[]): string {
  const action = 'use the Action, which shows the code as an artifact and leaves the token to the steps after it'
  const twoSteps =
    place === 'two steps'
      ? 'leave --channels out'
      : 'use the two-step form of the command line (`forkproof token --step-name` shows it)'
  const ways = [
    ...(read.includes('artifact') && place !== 'action' ? [action] : []),
    ...(read.includes('step-name') ? [twoSteps] : []),
  ]
  if (ways.length === 0) return 'Ask the operator of the issuer to read the channels `artifact` and `step-name`.'
  const [first = '', ...others] = ways
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}${others.map(other => `, or ${other}`).join('')}.`
}
