import { Secret } from '@forkproof/infra/secret'
import type { KeyEncryption } from './key-encryption.ts'
import type { KeyRecord, KeyStates } from './key-record.ts'
import type { KeyChange } from './key-states.ts'

/** Encrypts again what the previous key-encryption key made, so that it can leave the configuration. */
export async function rewrapKeys(states: KeyStates, encryption: KeyEncryption): Promise<KeyChange> {
  const stale = (key: KeyRecord) => key.sealedPrivateKey !== undefined && !encryption.isCurrent(key.sealedPrivateKey)
  if (!states.keys.some(stale)) return { outcome: 'unchanged' }
  const keys = await Promise.all(
    states.keys.map(async key => {
      if (key.sealedPrivateKey === undefined || !stale(key)) return key
      const plaintext = new Secret(await encryption.decrypt(key.sealedPrivateKey))
      return { ...key, sealedPrivateKey: await encryption.encrypt(plaintext) }
    }),
  )
  return { outcome: 'changed', states: { ...states, keys } }
}
