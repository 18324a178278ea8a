import type { Channel } from '@forkproof/contracts/claim'
import { artifactChannel } from './artifact.ts'
import type { ChannelRule } from './channel-reader.ts'
import { jobLogChannel } from './job-log.ts'
import { logChannel } from './log.ts'
import { stepNameChannel } from './step-name.ts'

export const channelRules: Readonly<Record<Channel, ChannelRule>> = {
  artifact: artifactChannel,
  'step-name': stepNameChannel,
  log: logChannel,
  'job-log': jobLogChannel,
}
