import { describe, expect, it } from 'vitest'
import { parseCliArguments } from './arguments.ts'

const issuer = ['--issuer', 'https://proof.example']

describe('the arguments', () => {
  it('ask for a token with the log as the only channel', () => {
    expect(parseCliArguments(['token', ...issuer])).toMatchObject({
      kind: 'token',
      channels: ['log'],
      output: { file: undefined, json: false },
      settings: { timeoutMs: 300_000 },
    })
  })

  it('ask for the step’s name first when there are two steps', () => {
    expect(parseCliArguments(['token', '--begin', ...issuer])).toMatchObject({
      kind: 'begin',
      channels: ['step-name', 'log'],
    })
  })

  it('finish without an issuer, which the first step kept', () => {
    expect(parseCliArguments(['token', '--finish', '--json', '--timeout-seconds=9'])).toEqual({
      kind: 'finish',
      timeoutMs: 9_000,
      stateFile: undefined,
      output: { file: undefined, json: true },
    })
  })

  it('choose channels', () => {
    expect(parseCliArguments(['token', ...issuer, '--channels', 'job-log,step-name'])).toMatchObject({
      channels: ['job-log', 'step-name'],
    })
  })

  it.each([
    [['--help'], 'help'],
    [['token', '-h'], 'help'],
    [['--version'], 'version'],
    [['token', '--step-name'], 'step-name'],
  ])('%j explain', (argv, kind) => {
    expect(parseCliArguments(argv)).toEqual({ kind })
  })

  it.each([
    ['nothing', []],
    ['another command', ['build', ...issuer]],
    ['two commands', ['token', 'token', ...issuer]],
    ['no issuer', ['token']],
    ['an issuer in the clear', ['token', '--issuer', 'http://proof.example']],
    ['an unknown option', ['token', ...issuer, '--tokn']],
    ['an option without its value', ['token', '--issuer']],
    ['a value for a flag', ['token', ...issuer, '--json=yes']],
    ['both steps at once', ['token', '--begin', '--finish', ...issuer]],
    ['an issuer for the second step', ['token', '--finish', ...issuer]],
    ['an audience for the second step', ['token', '--finish', '--audience', 'x']],
    ['an output for the first step', ['token', '--begin', ...issuer, '--output', 'x']],
    ['a state file for the one-step form', ['token', ...issuer, '--state-file', 'x']],
    ['a channel it cannot show', ['token', ...issuer, '--channels', 'artifact']],
    ['an empty list of channels', ['token', ...issuer, '--channels', '']],
    ['an endless wait', ['token', ...issuer, '--timeout-seconds', '99999']],
    ['a wait of the second step that is no number', ['token', '--finish', '--timeout-seconds', 'x']],
  ])('that are %s are misuse', (_, argv) => {
    const command = parseCliArguments(argv)
    expect(command).toMatchObject({ kind: 'misuse', problems: [expect.any(String)] })
  })
})
