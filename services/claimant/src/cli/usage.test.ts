import { describe, expect, it } from 'vitest'
import { type CliCommand, parseCliArguments } from './arguments.ts'
import { cliUsage } from './usage.ts'

const channelsOf = (command: CliCommand) => ('channels' in command ? command.channels.join(',') : undefined)

describe('the usage', () => {
  it('names the channels that are watched without --channels, in one step and in two', () => {
    const issuer = ['token', '--issuer', 'https://proof.example.org']
    const [, inOneStep, inTwoSteps] = /default: ([a-z,-]+); with --begin: ([a-z,-]+)\)/.exec(cliUsage) ?? []
    expect(inOneStep).toBe(channelsOf(parseCliArguments(issuer)))
    expect(inTwoSteps).toBe(channelsOf(parseCliArguments([...issuer, '--begin'])))
  })
})
