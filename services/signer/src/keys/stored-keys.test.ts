import { JsonWebKeySet, PublicSigningKey } from '@forkproof/contracts/jwks'
import { Secret } from '@forkproof/infra/secret'
import { beforeEach, describe, expect, it } from 'vitest'
import { createSignerHarness, createSignerReplica, randomKey, type SignerHarness } from '../testing/signer-harness.ts'
import { createKeyEncryption } from './key-encryption.ts'
import type { KeyRecord, KeyStates } from './key-record.ts'
import { publicSigningKey } from './signing-key.ts'

let harness: SignerHarness
let replica: ReturnType<typeof createSignerReplica>

beforeEach(async () => {
  harness = createSignerHarness()
  replica = createSignerReplica(harness)
  await replica.keeper.start()
  await replica.keeper.change({ operation: 'prepare' })
})

/** Writes as somebody who can write to the bucket without our code. */
async function tamper(change: (keys: KeyRecord[]) => unknown): Promise<void> {
  const { states } = await replica.store.read()
  const keys = structuredClone(states.keys)
  harness.signingKeys.put(
    'states',
    JSON.stringify({ v: 1, keys: change(keys) ?? keys } satisfies Record<string, unknown>),
  )
  replica.keyRing.forget()
}

const stored = async (): Promise<KeyStates> => (await replica.store.read()).states

describe('keys at rest', () => {
  it('are not readable in the store', async () => {
    const text = harness.signingKeys.writes.join()
    expect(text).not.toMatch(/PRIVATE KEY|"d":|MIIE/)
    const [sealed = ''] = (await stored()).keys.map(key => key.sealedPrivateKey)
    expect(JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: expect.stringMatching(/^[\w-]{16}$/),
    })
  })

  it.each([1, 2, 3, 4])('cannot be altered in part %i of their encryption', async part => {
    const [key] = (await stored()).keys
    const parts = (key?.sealedPrivateKey ?? '').split('.')
    parts[part] =
      `${parts[part] === '' ? 'AAAA' : (parts[part] ?? '').replace(/^./, first => (first === 'A' ? 'B' : 'A'))}`
    await expect(replica.encryption.decrypt(parts.join('.'))).rejects.toThrow()
  })

  it('cannot be opened with another key of the same name', async () => {
    const sealed = await createKeyEncryption({ current: randomKey() }).encrypt(new Secret(new Uint8Array([1])))
    await expect(replica.encryption.decrypt(sealed)).rejects.toThrow('not configured')
  })

  it.each(['', '.', 'e30.e30', 'bnVsbA.x', '!!!.x.x.x.x'])('are not %j', async text => {
    await expect(replica.encryption.decrypt(text)).rejects.toThrow()
    expect(replica.encryption.isCurrent(text)).toBe(false)
  })
})

describe('a tampered set', () => {
  it('does not sign with a private key that was put under another key id', async () => {
    await tamper(([first, second]) => [{ ...first, sealedPrivateKey: second?.sealedPrivateKey }, second])
    const active = await replica.keyRing.activeKeyId()
    await expect(replica.keyRing.signerFor(active ?? (await stored()).keys[0]?.keyId ?? ('' as never))).rejects.toThrow(
      'does not belong to its key id',
    )
  })

  it.each<[string, (keys: KeyRecord[]) => unknown]>([
    ['two active keys', keys => keys.map(key => ({ ...key, state: 'active', activatedAtMs: 1 }))],
    ['no active key', keys => keys.map(key => ({ ...key, state: 'prepared' }))],
    ['the same key twice', ([first]) => [first, { ...first, state: 'prepared' }]],
    ['a key without its private half', ([first]) => [{ ...first, sealedPrivateKey: undefined }]],
    [
      'a tainted key with its private half',
      ([first, second]) => [first, { ...second, state: 'tainted', taintedAtMs: 1 }],
    ],
    ['a retired key without a date', ([first, second]) => [first, { ...second, state: 'retired' }]],
    ['an unknown state', ([first, second]) => [first, { ...second, state: 'blessed' }]],
    ['an extra member', ([first]) => [{ ...first, d: 'private' }]],
    ['no list', () => ({})],
    ['too many keys', ([first]) => Array.from({ length: 30 }, () => first)],
  ])('is refused as a whole: %s', async (_name, change) => {
    await tamper(change)
    await expect(replica.store.read()).rejects.toThrow()
    await expect(replica.keyRing.activeKeyId()).rejects.toThrow()
    await expect(createSignerReplica(harness).keeper.start()).rejects.toThrow()
  })

  it.each(['', 'null', '[]', '{"v":2,"keys":[]}', 'x'.repeat(300_000)])(
    'is refused when it is nonsense (%#)',
    async text => {
      harness.signingKeys.put('states', text)
      await expect(replica.store.read()).rejects.toThrow()
    },
  )
})

describe('what is published', () => {
  it('is exactly the public members', async () => {
    const { keys } = JsonWebKeySet.parse(JSON.parse((await harness.jwks.get('current'))?.value ?? ''))
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  it('cannot be typed with a private member', async () => {
    const [key] = (await stored()).keys
    if (!key) throw new Error('no key')
    expect(() => PublicSigningKey.parse({ ...publicSigningKey(key), d: 'x' })).toThrow()
  })
})
