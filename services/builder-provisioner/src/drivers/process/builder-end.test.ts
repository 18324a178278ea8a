import { describe, expect, it } from 'vitest'
import { builderEndOf } from './builder-end.ts'

const buildkit = ['level=info msg="running server"']
const unshare = 'unshare: sigprocmask unblock failed: Invalid argument'
type ExitOfBuilder = Parameters<typeof builderEndOf>[0]
const exit: ExitOfBuilder = { code: 137, lines: buildkit, memoryKills: 1, timeIsOver: false }

describe('why a builder ended', () => {
  it.each<[string, Partial<ExitOfBuilder>]>([
    ['BuildKit was killed', {}],
    ['the launcher was killed with it', { code: null }],
    ['its process 1 was killed, of which unshare makes an exit with 1', { code: 1, lines: [...buildkit, unshare] }],
  ])('is want of memory, where the kernel killed for it and %s', (_, changes) => {
    const end = builderEndOf({ ...exit, ...changes })
    expect(end.lossReason).toBe('out_of_memory')
    expect(end.detail).toContain('1 of its processes were killed')
  })

  it.each<[string, Partial<ExitOfBuilder>]>([
    ['was killed, but not for memory', { memoryKills: 0 }],
    ['was killed with its launcher, but not for memory', { code: null, memoryKills: 0 }],
    ['lost its process 1, but not for memory', { code: 1, lines: [...buildkit, unshare], memoryKills: 0 }],
    ['failed by itself after a step was killed for memory', { code: 1 }],
    ['ended in order after a step was killed for memory', { code: 0, lines: [...buildkit, unshare] }],
    ['was at its end of time', { timeIsOver: true }],
  ])('is its own doing, where it %s', (_, changes) => {
    expect(builderEndOf({ ...exit, ...changes }).lossReason).toBe('ended_by_itself')
  })

  it('quotes the last lines of BuildKit, and none of unshare', () => {
    const lines = ['one', 'two', 'three', unshare, 'four']
    expect(builderEndOf({ ...exit, lines, memoryKills: 0 }).detail).toBe('BuildKit ended with 137: two | three | four')
  })
})
