import type { KeyId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { createTokenSigner, type TokenSigner } from '../minting/token-signer.ts'
import type { KeyEncryption } from './key-encryption.ts'
import { activeKey, isPublished, type KeyStates } from './key-record.ts'
import type { KeyStore } from './key-store.ts'
import { openSigningKey } from './signing-key.ts'

/** The keys for minting (docs/glossary.md: key ring). Private keys are decrypted and imported once. */
export interface KeyRing {
  /** The key that signs new tokens; `undefined` before the first one exists. */
  activeKeyId(): Promise<KeyId | undefined>
  /** For a token that was promised under this key: active or retired, never prepared, tainted or dropped. */
  signerFor(keyId: KeyId): Promise<TokenSigner | undefined>
  /** The next use reads the stored set again. */
  forget(): void
}

/** How long a replica may use what it has read: after this time a tainted key is out of use everywhere. */
const keyRingAgeMsMax = 1_000

export function createKeyRing(deps: { store: KeyStore; encryption: KeyEncryption; clock: Clock }): KeyRing {
  const signers = new Map<KeyId, Promise<TokenSigner>>()
  let latest: { readonly states: Promise<KeyStates>; readonly readAtMs: number } | undefined

  async function read(): Promise<KeyStates> {
    const { states } = await deps.store.read()
    const usable = new Set(states.keys.filter(isPublished).map(key => key.keyId))
    for (const keyId of signers.keys()) if (!usable.has(keyId)) signers.delete(keyId)
    return states
  }

  /** Concurrent callers share one read. A failed read is not kept. */
  function states(): Promise<KeyStates> {
    const nowMs = deps.clock.now()
    if (latest && Math.abs(nowMs - latest.readAtMs) < keyRingAgeMsMax) return latest.states
    const current = { states: read(), readAtMs: nowMs }
    latest = current
    current.states.catch(() => {
      if (latest === current) latest = undefined
    })
    return current.states
  }

  return {
    activeKeyId: async () => activeKey(await states())?.keyId,
    signerFor: async keyId => {
      const key = (await states()).keys.find(candidate => candidate.keyId === keyId)
      if (key?.state !== 'active' && key?.state !== 'retired') return undefined
      const known = signers.get(keyId)
      if (known !== undefined) return known
      const opened = openSigningKey(key, deps.encryption).then(privateKey => createTokenSigner({ keyId, privateKey }))
      signers.set(keyId, opened)
      opened.catch(() => signers.delete(keyId))
      return opened
    },
    forget: () => {
      latest = undefined
    },
  }
}
