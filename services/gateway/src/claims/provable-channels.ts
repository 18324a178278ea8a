import { type Channel, channelTable } from '@forkproof/contracts/channels'
import { AppError } from '@forkproof/contracts/errors'

/**
 * The wanted channels that are read here, in the order of `read`. A claim of which none is could never be proven, so
 * it is refused before it costs a request to GitHub and its claimant the whole time of a claim.
 * @throws AppError `channel_not_read`, whose detail says why and what works here
 */
export function provableChannels(wanted: readonly Channel[], read: readonly Channel[]): Channel[] {
  const provable = read.filter(channel => wanted.includes(channel))
  if (provable.length > 0) return provable
  const reasons = [...new Set(wanted)].map(name => `${name} is not read here: ${channelTable[name].offBecause}`)
  const remedies = read.map(name => `${name} (${channelTable[name].description})`)
  throw new AppError('channel_not_read', {
    detail: `${reasons.join('; ')}. Show the code by ${remedies.join(' or ')}, and name that in \`channels\``,
  })
}
