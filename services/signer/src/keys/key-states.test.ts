import { KeyId } from '@forkproof/contracts/ids'
import type { KeyOperation } from '@forkproof/workflows/keys/api'
import { describe, expect, it } from 'vitest'
import { type KeyStates, type NewKey, noKeys, prepareLeadMs, retainMs, tombstonesMax } from './key-record.ts'
import { applyOperation, genesis, needsNewKey } from './key-states.ts'

const id = (name: string) => KeyId.parse(name.padEnd(43, '_'))
const newKey = (name: string): NewKey => ({ keyId: id(name), n: 'n'.repeat(342), sealedPrivateKey: `sealed ${name}` })
const t0 = 1_790_000_000_000

function after(states: KeyStates, operation: KeyOperation, nowMs: number, fresh = 'fresh'): KeyStates {
  const change = applyOperation(states, operation, { nowMs, newKey: newKey(fresh) })
  if (change.outcome !== 'changed') throw new Error(`not changed: ${JSON.stringify(change)}`)
  return change.states
}
const refusal = (states: KeyStates, operation: KeyOperation, nowMs: number) => {
  const change = applyOperation(states, operation, { nowMs, newKey: newKey('fresh') })
  return change.outcome === 'refused' ? change.code : change.outcome
}
const stateOf = (states: KeyStates) =>
  Object.fromEntries(states.keys.map(key => [key.keyId.replace(/_+$/, ''), key.state]))

const first = genesis(newKey('a'), t0)
const two = after(first, { operation: 'prepare' }, t0, 'b')
const rotated = after(two, { operation: 'activate', keyId: id('b') }, t0 + prepareLeadMs)

describe('the life of a key', () => {
  it('begins with one that signs at once, because nobody knows another', () => {
    expect(stateOf(first)).toEqual({ a: 'active' })
  })

  it('goes from prepared over active and retired to dropped', () => {
    expect(stateOf(two)).toEqual({ a: 'active', b: 'prepared' })
    expect(stateOf(rotated)).toEqual({ a: 'retired', b: 'active' })
    const dropped = after(rotated, { operation: 'drop', keyId: id('a') }, t0 + prepareLeadMs + retainMs)
    expect(stateOf(dropped)).toEqual({ a: 'dropped', b: 'active' })
  })

  it('ends without its private half', () => {
    const dropped = after(rotated, { operation: 'drop', keyId: id('a') }, t0 + prepareLeadMs + retainMs)
    expect(dropped.keys[0]).not.toHaveProperty('sealedPrivateKey')
    const tainted = after(rotated, { operation: 'taint', keyId: id('b') }, t0 + prepareLeadMs)
    expect(tainted.keys.find(key => key.state === 'tainted')).not.toHaveProperty('sealedPrivateKey')
  })

  it('ends at once when it is tainted, and the prepared key takes over without lead time', () => {
    expect(stateOf(after(two, { operation: 'taint', keyId: id('a') }, t0))).toEqual({ a: 'tainted', b: 'active' })
  })

  it('is replaced by a fresh key when none is prepared', () => {
    expect(needsNewKey(first, { operation: 'taint', keyId: id('a') })).toBe(true)
    expect(stateOf(after(first, { operation: 'taint', keyId: id('a') }, t0))).toEqual({ a: 'tainted', fresh: 'active' })
  })

  it('leaves the others alone when a prepared or retired key is tainted', () => {
    expect(stateOf(after(two, { operation: 'taint', keyId: id('b') }, t0))).toEqual({ a: 'active', b: 'tainted' })
    expect(stateOf(after(rotated, { operation: 'taint', keyId: id('a') }, t0))).toEqual({ a: 'tainted', b: 'active' })
  })

  it('is remembered for a while and then forgotten', () => {
    let states = first
    for (let round = 0; round < tombstonesMax + 10; round++) {
      const active = states.keys.find(key => key.state === 'active')
      states = after(states, { operation: 'taint', keyId: active?.keyId ?? '' }, t0, `k${round}`)
    }
    expect(states.keys).toHaveLength(tombstonesMax + 1)
  })
})

describe('a repeat', () => {
  it.each<[string, KeyStates, KeyOperation]>([
    ['prepare', two, { operation: 'prepare' }],
    ['activate', rotated, { operation: 'activate', keyId: id('b') }],
    ['retire', rotated, { operation: 'retire', keyId: id('a') }],
    ['taint', after(two, { operation: 'taint', keyId: id('b') }, t0), { operation: 'taint', keyId: id('b') }],
    ['drop', after(rotated, { operation: 'drop', keyId: id('a') }, t0 * 2), { operation: 'drop', keyId: id('a') }],
  ])('of %s changes nothing', (_name, states, operation) => {
    expect(refusal(states, operation, t0 * 2)).toBe('unchanged')
  })
})

describe('what is refused', () => {
  const dropped = after(rotated, { operation: 'drop', keyId: id('a') }, t0 * 2)
  const tainted = after(two, { operation: 'taint', keyId: id('b') }, t0)
  it.each<[string, KeyStates, KeyOperation, number]>([
    ['to sign a moment too early', two, { operation: 'activate', keyId: id('b') }, t0 + prepareLeadMs - 1],
    ['to sign when the clock was set back', two, { operation: 'activate', keyId: id('b') }, t0 - 1],
    ['to sign with a retired key', rotated, { operation: 'activate', keyId: id('a') }, t0 * 2],
    ['to sign with a tainted key', tainted, { operation: 'activate', keyId: id('b') }, t0 * 2],
    ['to sign with a dropped key', dropped, { operation: 'activate', keyId: id('a') }, t0 * 3],
    ['to retire the only key', first, { operation: 'retire', keyId: id('a') }, t0 * 2],
    ['to retire the active key while another waits', two, { operation: 'retire', keyId: id('a') }, t0 * 2],
    ['to retire a tainted key', tainted, { operation: 'retire', keyId: id('b') }, t0 * 2],
    ['to drop the active key', rotated, { operation: 'drop', keyId: id('b') }, t0 * 2],
    ['to drop a prepared key', two, { operation: 'drop', keyId: id('b') }, t0 * 2],
    ['to drop while tokens live', rotated, { operation: 'drop', keyId: id('a') }, t0 + prepareLeadMs + retainMs - 1],
    ['to drop when the clock was set back', rotated, { operation: 'drop', keyId: id('a') }, t0],
    ['to taint a dropped key', dropped, { operation: 'taint', keyId: id('a') }, t0 * 3],
  ])('%s', (_name, states, operation, nowMs) => {
    expect(refusal(states, operation, nowMs)).toBe('key_state_conflict')
  })

  it.each(['activate', 'retire', 'taint', 'drop'] as const)('to %s a key that does not exist', operation => {
    expect(refusal(two, { operation, keyId: id('z') }, t0)).toBe('key_not_found')
    expect(refusal(noKeys, { operation, keyId: id('z') }, t0)).toBe('key_not_found')
  })

  it('does not repeat what is no key id', () => {
    const change = applyOperation(two, { operation: 'drop', keyId: '<script>' }, { nowMs: t0 })
    expect(JSON.stringify(change)).not.toContain('script')
  })

  it('to publish so many that an emergency would find no place', () => {
    let states = first
    let nowMs = t0
    for (const name of ['b', 'c', 'd']) {
      states = after(states, { operation: 'prepare' }, nowMs, name)
      nowMs += prepareLeadMs
      states = after(states, { operation: 'activate', keyId: id(name) }, nowMs)
    }
    expect(refusal(states, { operation: 'prepare' }, nowMs)).toBe('key_state_conflict')
    expect(stateOf(after(states, { operation: 'taint', keyId: id('d') }, nowMs))).toMatchObject({ fresh: 'active' })
  })
})
