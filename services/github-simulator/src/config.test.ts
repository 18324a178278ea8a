import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

describe('the configuration', () => {
  it('needs nothing', () => {
    expect(readConfig({})).toMatchObject({ port: 8090, actions: [], jobsMax: 40 })
  })

  it('reads pairs of names and values', () => {
    const env = { FORKPROOF_SIMULATOR_TOKENS: 'a=b,c=d=e', FORKPROOF_SIMULATOR_ACTIONS: 'o/r@v1=/some/where' }
    const { tokens, actions } = readConfig(env)
    expect([tokens.reveal(), actions]).toEqual([
      [
        ['a', 'b'],
        ['c', 'd=e'],
      ],
      [['o/r@v1', '/some/where']],
    ])
  })

  it.each([
    { FORKPROOF_SIMULATOR_PORT: '65536' },
    { FORKPROOF_SIMULATOR_TOKENS: 'no-value' },
    { FORKPROOF_SIMULATOR_TOKENS: 'a=b,,c=d' },
    { FORKPROOF_SIMULATOR_JOBS_MAX: '0' },
    { FORKPROOF_SIMULATOR_SESSION: 'short' },
  ])('refuses %j', env => {
    expect(() => readConfig(env)).toThrow('problem')
  })
})
