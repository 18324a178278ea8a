import { isPublished, type KeyStates, publishedKeysMax } from './key-record.ts'

/**
 * Checks the rules that every stored set of keys must obey, on each change and each read.
 * @throws Error naming the broken rule: such a set must stop the signer
 */
export function assertInvariants(states: KeyStates): void {
  const broken = brokenRule(states)
  if (broken) throw new Error(`the set of signing keys is inconsistent: ${broken}`)
}

function brokenRule({ keys }: KeyStates): string | undefined {
  const active = keys.filter(key => key.state === 'active')
  if (new Set(keys.map(key => key.keyId)).size !== keys.length) return 'a key id occurs twice'
  if (active.length > 1) return 'more than one active key'
  if (keys.length > 0 && active.length === 0) return 'no active key'
  if (keys.filter(isPublished).length > publishedKeysMax) return 'too many published keys'
  if (keys.some(key => isPublished(key) !== (key.sealedPrivateKey !== undefined))) {
    return 'a private key is missing, or kept after its key was withdrawn'
  }
  if (keys.some(key => key.state === 'active' && key.activatedAtMs === undefined)) return 'an active key without a date'
  if (keys.some(key => key.state === 'retired' && key.retiredAtMs === undefined)) return 'a retired key without a date'
  return undefined
}
