import type { Channel } from '@forkproof/contracts/channels'
import { artifactChannel } from './artifact.ts'
import type { ChannelReader } from './channel-reader.ts'
import { jobLogChannel } from './job-log.ts'
import { logChannel } from './log.ts'
import { stepNameChannel } from './step-name.ts'

export const channelReaders: Readonly<Record<Channel, ChannelReader>> = {
  artifact: artifactChannel,
  'step-name': stepNameChannel,
  log: logChannel,
  'job-log': jobLogChannel,
}
