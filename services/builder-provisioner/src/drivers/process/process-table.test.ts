import { describe, expect, it } from 'vitest'
import { isInit, parseStatus, processOwners, readProcess } from './process-table.ts'

const status = (more: Record<string, string> = {}) =>
  Object.entries({
    Name: 'build kit)d',
    State: 'S (sleeping)',
    Uid: '1879048192\t1879048192\t1879048192\t1879048192',
    NSpid: '4711\t1',
    ...more,
  })
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('')

describe('a process', () => {
  it('is read with its users and its pids in every namespace', () => {
    expect(parseStatus(4711, status(), '4:memory:/forkproof/b\n')).toEqual({
      pid: 4711,
      name: 'build kit)d',
      users: [1_879_048_192, 1_879_048_192, 1_879_048_192, 1_879_048_192],
      pids: [4711, 1],
      cgroups: '4:memory:/forkproof/b\n',
    })
  })

  it.each(['Z (zombie)', 'X (dead)'])('in state %s is over', state => {
    expect(parseStatus(4711, status({ State: state }), '')).toBeUndefined()
  })

  it.each([
    ['4711\t1', true],
    ['4711', false],
    ['1', false],
    ['4711\t2', false],
    ['4711\t5\t1', false],
  ])('with pids %j is the first of a builder: %s', (NSpid, expected) => {
    const seen = parseStatus(4711, status({ NSpid }), '')
    expect(seen && isInit(seen)).toBe(expected)
  })

  it('that is not there is nothing, and this one is among those that run', async () => {
    expect(readProcess(2 ** 30)).toBeUndefined()
    expect((await processOwners()).map(({ pid }) => pid)).toContain(process.pid)
  })
})
