import { KeyId } from '@forkproof/contracts/ids'
import type { KeyOperation } from '@forkproof/workflows/keys/api'
import { assertInvariants } from './invariants.ts'
import {
  activeKey,
  isPublished,
  type KeyRecord,
  type KeyStates,
  type NewKey,
  preparedKey,
  prepareLeadMs,
  publishedKeysMax,
  retainMs,
  tombstonesMax,
} from './key-record.ts'

export type KeyChange =
  | { readonly outcome: 'changed'; readonly states: KeyStates }
  /** The state already is what was asked for, for instance after a crash. */
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly code: 'key_state_conflict' | 'key_not_found'; readonly detail: string }

interface Moment {
  readonly nowMs: number
  /** A fresh key for operations that may need one (`needsNewKey`). */
  readonly newKey?: NewKey | undefined
}

/** The first key. It signs at once, because no cache can hold a JWKS without it. */
export function genesis(newKey: NewKey, nowMs: number): KeyStates {
  return checked([{ ...prepared(newKey, nowMs), state: 'active', activatedAtMs: nowMs }])
}

/** Whether `applyOperation` will ask for a fresh key. */
export function needsNewKey(states: KeyStates, operation: KeyOperation): boolean {
  if (preparedKey(states)) return false
  if (operation.operation === 'prepare') return true
  return operation.operation === 'taint' && activeKey(states)?.keyId === operation.keyId
}

/**
 * prepared → active → retired → dropped, and tainted from any of the first three.
 * Pure: the same set, operation and moment give the same change. A change never breaks `assertInvariants`.
 */
export function applyOperation(states: KeyStates, operation: KeyOperation, moment: Moment): KeyChange {
  switch (operation.operation) {
    case 'status':
      return { outcome: 'unchanged' }
    case 'prepare':
      return prepare(states, moment)
    default: {
      const key = states.keys.find(({ keyId }) => keyId === operation.keyId)
      if (!key) return { outcome: 'refused', code: 'key_not_found', detail: keyNotFound(operation.keyId) }
      return transitions[operation.operation](states, key, moment)
    }
  }
}

const transitions = { activate, retire, taint, drop }

function prepare(states: KeyStates, { nowMs, newKey }: Moment): KeyChange {
  // Only one key is prepared at a time: so a repeat is harmless, and the JWKS keeps a free place for an emergency.
  if (preparedKey(states)) return { outcome: 'unchanged' }
  const published = states.keys.filter(isPublished).length
  if (published >= publishedKeysMax - 1) return conflict(`${published} keys are published; drop a retired one first`)
  return changed([...states.keys, prepared(required(newKey), nowMs)])
}

function activate(states: KeyStates, key: KeyRecord, { nowMs }: Moment): KeyChange {
  if (key.state === 'active') return { outcome: 'unchanged' }
  if (key.state !== 'prepared') return conflict(`a ${key.state} key never becomes active again`)
  const leftMs = key.preparedAtMs + prepareLeadMs - nowMs
  if (leftMs > 0) return conflict(`prepared too recently for every cache to know it; ${seconds(leftMs)} left`)
  return changed(
    states.keys.map(other => {
      if (other.keyId === key.keyId) return { ...other, state: 'active', activatedAtMs: nowMs }
      return other.state === 'active' ? { ...other, state: 'retired', retiredAtMs: nowMs } : other
    }),
  )
}

function retire(states: KeyStates, key: KeyRecord, { nowMs }: Moment): KeyChange {
  if (key.state === 'retired') return { outcome: 'unchanged' }
  if (key.state === 'active') return conflict('this key signs; activate another, which retires it')
  if (key.state !== 'prepared') return conflict(`the key is ${key.state}`)
  return changed(replace(states, { ...key, state: 'retired', retiredAtMs: nowMs }))
}

/**
 * Takes a key out of the JWKS and out of use at once. If it was active, another takes over in the same change without
 * lead time: an unknown key costs a relying party one more fetch, and a stolen key costs it everything.
 */
function taint(states: KeyStates, key: KeyRecord, { nowMs, newKey }: Moment): KeyChange {
  if (key.state === 'tainted') return { outcome: 'unchanged' }
  if (key.state === 'dropped') return conflict('the key was dropped')
  const without = replace(states, { ...withoutPrivateKey(key), state: 'tainted', taintedAtMs: nowMs })
  if (key.state !== 'active') return changed(without)
  const successor = preparedKey(states) ?? prepared(required(newKey), nowMs)
  const rest = without.filter(other => other.keyId !== successor.keyId)
  return changed([...rest, { ...successor, state: 'active', activatedAtMs: nowMs }])
}

function drop(states: KeyStates, key: KeyRecord, { nowMs }: Moment): KeyChange {
  if (key.state === 'dropped') return { outcome: 'unchanged' }
  if (key.state === 'prepared' || key.state === 'active') return conflict(`the key is ${key.state}; retire it first`)
  const leftMs = key.state === 'retired' ? (key.retiredAtMs ?? nowMs) + retainMs - nowMs : 0
  if (leftMs > 0) return conflict(`its last tokens can still be presented; ${seconds(leftMs)} left`)
  return changed(replace(states, { ...withoutPrivateKey(key), state: 'dropped', droppedAtMs: nowMs }))
}

const prepared = ({ keyId, n, sealedPrivateKey }: NewKey, nowMs: number): KeyRecord => ({
  keyId,
  state: 'prepared',
  n,
  sealedPrivateKey,
  preparedAtMs: nowMs,
})

function withoutPrivateKey({ sealedPrivateKey: _, ...rest }: KeyRecord): KeyRecord {
  return rest
}

const replace = (states: KeyStates, changedKey: KeyRecord): KeyRecord[] =>
  states.keys.map(key => (key.keyId === changedKey.keyId ? changedKey : key))

const changed = (keys: KeyRecord[]): KeyChange => ({ outcome: 'changed', states: checked(keys) })

function checked(keys: KeyRecord[]): KeyStates {
  const withdrawn = keys.filter(key => !isPublished(key)).map(key => key.keyId)
  const forgotten = new Set(withdrawn.slice(0, Math.max(withdrawn.length - tombstonesMax, 0)))
  const states: KeyStates = { v: 1, keys: keys.filter(key => !forgotten.has(key.keyId)) }
  assertInvariants(states)
  return states
}

function required(newKey: NewKey | undefined): NewKey {
  if (!newKey) throw new Error('this operation needs a fresh key')
  return newKey
}

const conflict = (detail: string): KeyChange => ({ outcome: 'refused', code: 'key_state_conflict', detail })
/** The id comes from an operator's command line. Only a well-formed one is repeated. */
const keyNotFound = (keyId: string): string =>
  KeyId.safeParse(keyId).success ? `no key ${keyId}` : 'that is no key id; see `keys status`'
const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`
