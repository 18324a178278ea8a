import { describe, expect, it } from 'vitest'
import {
  Channel,
  ChannelList,
  channelReads,
  channelsOfEveryVerifier,
  channelsReadByDefault,
  channelTable,
  defaultChannels,
  RunStepChannel,
  RunStepChannelList,
} from './channels.ts'

describe('the table of channels', () => {
  it('is where the names come from, in its order', () => {
    expect(Channel.options).toEqual(['artifact', 'log', 'step-name', 'job-log'])
  })

  it('watches for a printed sentence when a claimant names nothing, because only such clients know no channels', () => {
    expect(defaultChannels).toEqual(['log', 'job-log'])
  })

  it('says what a verifier reads unless told otherwise: never the log of a finished job', () => {
    expect(channelsReadByDefault).toEqual(['artifact', 'log', 'step-name'])
  })

  it('says what a verifier reads without a session cookie', () => {
    expect(channelsOfEveryVerifier).toEqual(['artifact', 'step-name'])
  })

  it('says what a `run:` step can serve', () => {
    expect(RunStepChannel.options).toEqual(['log', 'step-name', 'job-log'])
    expect(RunStepChannelList.safeParse(['artifact']).success).toBe(false)
  })

  it('bounds a list by the number of channels', () => {
    expect(ChannelList.safeParse(Channel.options).success).toBe(true)
    expect(ChannelList.safeParse([...Channel.options, 'log']).success).toBe(false)
    expect(ChannelList.safeParse([]).success).toBe(false)
  })

  it.each(defaultChannels)('%s is watched by default, so it costs no request and needs no Action', name => {
    expect(channelTable[name].costsRequest).toBe(false)
    expect(RunStepChannel.options).toContain(name)
  })

  it.each(Channel.options)('%s reads something of the run', name => {
    const readings = ['artifact list', 'job list', 'live log', 'finished logs'] as const
    expect(readings.some(reading => channelReads(name, reading))).toBe(true)
  })
})
