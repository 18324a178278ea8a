import type { Bucket } from '@forkproof/infra/bus'
import { assertInvariants } from './invariants.ts'
import { KeyStates, noKeys } from './key-record.ts'

interface StoredKeyStates {
  readonly states: KeyStates
  /** 0 when nothing was ever stored. */
  readonly revision: number
}

/** Stores the set of keys. A hardware or cloud store would be another implementation of this interface. */
export interface KeyStore {
  read(): Promise<StoredKeyStates>
  /** Compare-and-set; `false` when somebody else changed the set since `revision`. */
  write(states: KeyStates, revision: number): Promise<boolean>
}

const documentKey = 'states'
const documentBytesMax = 262_144

export function createKeyStore(bucket: Bucket): KeyStore {
  return {
    read: async () => {
      const entry = await bucket.get(documentKey)
      if (!entry) return { states: noKeys, revision: 0 }
      if (entry.value.length > documentBytesMax) throw new Error('the stored set of signing keys is too large')
      const states = KeyStates.parse(JSON.parse(entry.value))
      assertInvariants(states)
      return { states, revision: entry.revision }
    },
    write: async (states, revision) => {
      const text = JSON.stringify(KeyStates.parse(states))
      const stored =
        revision === 0 ? await bucket.create(documentKey, text) : await bucket.update(documentKey, text, revision)
      return stored !== undefined
    },
  }
}
