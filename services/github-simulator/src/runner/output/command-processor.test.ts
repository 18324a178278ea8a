import { describe, expect, it } from 'vitest'
import { SecretMasker } from '../masking/secret-masker.ts'
import type { JobObserver } from '../runner-port.ts'
import { CommandProcessor } from './command-processor.ts'
import { LogFeed } from './log-feed.ts'
import { parseWorkflowCommand } from './workflow-command.ts'

function process(lines: string[], showDebug = false): { log: string[]; failed: boolean } {
  const log: string[] = []
  const ignore = () => undefined
  const observer: JobObserver = {
    jobStarted: ignore,
    stepStarted: ignore,
    stepRenamed: ignore,
    stepCompleted: ignore,
    jobCompleted: ignore,
    logLine: (_step, line) => log.push(line),
  }
  const masker = new SecretMasker()
  const processor = new CommandProcessor({ feed: new LogFeed(observer, masker), masker, stepNumber: 2, showDebug })
  for (const line of lines) processor.line(line)
  return { log, failed: processor.failed }
}

describe('workflow commands in the output', () => {
  it.each<[given: string[], shown: string[]]>([
    [['plain text'], ['plain text']],
    [['::group::My group'], ['##[group]My group']],
    [['  ::endgroup::'], ['##[endgroup]']],
    [['::error file=a.js,line=1::broken%0Ain two'], ['##[error]broken', 'in two']],
    [['::warning::careful'], ['##[warning]careful']],
    [['::notice title=T::look'], ['##[notice]look']],
    [['::debug::hidden'], []],
    [['::add-matcher::x.json'], []],
    [['::add-mask::hunter22', 'hunter22 is it'], ['*** is it']],
    [['::ADD-MASK::hunter22', 'hunter22'], ['***']],
    [['::add-mask::one1%0Atwo2', 'one1 two2'], ['*** ***']],
    [['::set-output name=a::b'], ['##[warning]The `set-output` command is disabled. Use GITHUB_OUTPUT.']],
    [['::set-env name=a::b'], ['##[warning]The `set-env` command is disabled. Use GITHUB_ENV.']],
    [['text ::error::not at the start'], ['text ::error::not at the start']],
    [['::unknown::x'], ['::unknown::x']],
    [['::'], ['::']],
    [['::::x'], ['::::x']],
    [['::add-mask:: '], ["##[warning]Can't add secret mask for empty string in ##[add-mask] command."]],
  ])('%j shows %j', (given, shown) => {
    expect(process(given).log).toEqual(shown)
  })

  it('shows debug lines when the repository asks for them', () => {
    expect(process(['::debug::x'], true).log).toEqual(['##[debug]x'])
  })

  it('obeys nothing between stop-commands and its token', () => {
    const { log } = process([
      '::stop-commands::t0k',
      '::add-mask::visible',
      '::other::',
      'visible',
      '::t0k::',
      '::notice::on',
    ])
    expect(log).toEqual([
      '::stop-commands::t0k',
      '::add-mask::visible',
      '::other::',
      'visible',
      '::t0k::',
      '##[notice]on',
    ])
  })

  it('fails the step when stop-commands has no token, for nothing could resume them', () => {
    expect(process(['::stop-commands::']).failed).toBe(true)
  })

  it('masks before it cuts, so that half a secret at the limit does not show', () => {
    const { log } = process(['::add-mask::S3CRETVALUE', `${'x'.repeat(1_020)}S3CRETVALUE`])
    expect(log[0]).toBe(`${'x'.repeat(1_020)}***`)
  })

  it('cuts lines to what the live feed shows', () => {
    expect(process(['y'.repeat(5_000)]).log).toEqual([`${'y'.repeat(1_024)}...`])
  })

  it('keeps a bounded number of lines and says so', () => {
    const { log } = process(Array.from({ length: 120_000 }, () => 'flood'))
    expect(log).toHaveLength(100_000)
    expect(log.at(-1)).toContain('the rest is not shown')
  })
})

describe('reading a command', () => {
  it('unescapes data and properties each in their own way', () => {
    expect(parseWorkflowCommand('::notice title=a%3Ab%2Cc,file=x.js::50%25%0Aleft%3A')).toEqual({
      name: 'notice',
      properties: { title: 'a:b,c', file: 'x.js' },
      message: '50%\nleft%3A',
    })
  })

  it('does not unescape twice', () => {
    expect(parseWorkflowCommand('::notice::%250A')?.message).toBe('%0A')
  })
})
