import { describe, expect, it } from 'vitest'
import { lossOf } from './loss.ts'

describe('how a builder was lost', () => {
  it.each([
    ['builder_lost', 'out_of_memory', { lossReason: 'out_of_memory' }],
    ['builder_lost', undefined, {}],
    ['node_stopping', undefined, { lossReason: 'node_stopping' }],
    ['finished', undefined, undefined],
    ['canceled', undefined, undefined],
    ['no_capacity', undefined, undefined],
    ['builder_not_ready', undefined, undefined],
  ] as const)('is read from %s with the reason %s', (reason, lossReason, expected) => {
    expect(lossOf({ reason, ...(lossReason && { lossReason }) })).toEqual(expected)
  })
})
