import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { Sighting } from '../core/verify-run.ts'
import { artifactChannel } from './artifact.ts'
import type { ChannelReader, RunReadings } from './channel-reader.ts'
import { jobLogChannel } from './job-log.ts'
import { logChannel } from './log.ts'
import { stepNameChannel } from './step-name.ts'

const channelReaders: { readonly [Name in Channel]: ChannelReader<Name> } = {
  artifact: artifactChannel,
  'step-name': stepNameChannel,
  log: logChannel,
  'job-log': jobLogChannel,
}

/** The claim's code in the first of these channels that shows it. Pure. */
export function findSighting(
  channels: readonly Channel[],
  spec: ClaimSpec,
  readings: RunReadings,
): Sighting | undefined {
  for (const channel of channels) {
    const found = channelReaders[channel].find(spec, readings)
    if (found) return { channel, ...found }
  }
  return undefined
}
