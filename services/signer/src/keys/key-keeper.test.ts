import { JsonWebKeySet } from '@forkproof/contracts/jwks'
import { beforeEach, describe, expect, it } from 'vitest'
import { createSignerHarness, createSignerReplica, randomKey, type SignerHarness } from '../testing/signer-harness.ts'

let harness: SignerHarness
let replica: ReturnType<typeof createSignerReplica>

beforeEach(async () => {
  harness = createSignerHarness()
  replica = createSignerReplica(harness)
  await replica.keeper.start()
})

const published = async () => JsonWebKeySet.parse(JSON.parse((await harness.jwks.get('current'))?.value ?? '')).keys
const publishedIds = async () => (await published()).map(key => key.kid)
const stateOf = async () => (await replica.keeper.change({ operation: 'status' })).keys.map(key => key.state)
const keyId = async (index: number) => (await replica.keeper.change({ operation: 'status' })).keys[index]?.keyId ?? ''

describe('the keeper of keys', () => {
  it('makes and publishes the first key at start, once', async () => {
    await createSignerReplica(harness).keeper.start()
    expect(await stateOf()).toEqual(['active'])
    expect(await published()).toHaveLength(1)
  })

  it('makes one first key when replicas start at once', async () => {
    harness = createSignerHarness()
    await Promise.all(
      [createSignerReplica(harness), createSignerReplica(harness), createSignerReplica(harness)].map(one =>
        one.keeper.start(),
      ),
    )
    replica = createSignerReplica(harness)
    expect(await stateOf()).toEqual(['active'])
    expect(await publishedIds()).toEqual([await keyId(0)])
  })

  it('publishes a key before the change of state counts', async () => {
    harness.signingKeys.beforeWrite = async () => {
      expect(await published()).toHaveLength(2)
    }
    expect((await replica.keeper.change({ operation: 'prepare' })).outcome).toBe('done')
  })

  it('publishes the successor of a tainted key before it signs, and withdraws the tainted one at once', async () => {
    const tainted = await keyId(0)
    harness.signingKeys.beforeWrite = async () => {
      expect(await published()).toHaveLength(2)
    }
    await replica.keeper.change({ operation: 'taint', keyId: tainted })
    expect(await stateOf()).toEqual(['tainted', 'active'])
    expect(await publishedIds()).toEqual([await keyId(1)])
    expect(await replica.keyRing.activeKeyId()).toBe(await keyId(1))
  })

  it('finishes the publication of a change whose author died before it', async () => {
    const tainted = await keyId(0)
    await replica.keeper.change({ operation: 'prepare' })
    const write = harness.jwks.update.bind(harness.jwks)
    harness.jwks.update = () => Promise.reject(new Error('killed'))
    await expect(replica.keeper.change({ operation: 'taint', keyId: tainted })).rejects.toThrow('killed')
    harness.jwks.update = write
    expect(await publishedIds()).toContain(tainted)
    await createSignerReplica(harness).keeper.start()
    expect(await publishedIds()).not.toContain(tainted)
  })

  it('repairs a JWKS that was changed by others', async () => {
    harness.jwks.put('current', '{"keys":[]}')
    await replica.keeper.rotate()
    expect(await publishedIds()).toEqual([await keyId(0)])
  })

  it('applies its change to the newest set when another was faster', async () => {
    let once = true
    harness.signingKeys.beforeWrite = async () => {
      if (!once) return
      once = false
      await createSignerReplica(harness).keeper.change({ operation: 'taint', keyId: await keyId(0) })
    }
    await replica.keeper.change({ operation: 'prepare' })
    expect(await stateOf()).toEqual(['tainted', 'active', 'prepared'])
    expect(await published()).toHaveLength(2)
  })

  it('gives up, loudly, when others are always faster', async () => {
    harness.signingKeys.update = async () => undefined
    await expect(replica.keeper.change({ operation: 'prepare' })).rejects.toThrow('in each of 8 attempts')
  })

  it('changes nothing when it refuses', async () => {
    const before = harness.signingKeys.writes.length
    expect(await replica.keeper.change({ operation: 'retire', keyId: await keyId(0) })).toMatchObject({
      outcome: 'refused',
      code: 'key_state_conflict',
    })
    expect(harness.signingKeys.writes).toHaveLength(before)
  })

  it('tells only public facts', async () => {
    const { keys } = await replica.keeper.change({ operation: 'prepare' })
    const members = new Set(keys.flatMap(key => Object.keys(key)))
    expect([...members].sort()).toEqual(['activatedAtMs', 'keyId', 'preparedAtMs', 'state'])
  })

  it('rotates when the time has come and not before', async () => {
    const days = (count: number) => harness.clock.advance(count * 86_400_000)
    days(28.9)
    await replica.keeper.rotate()
    expect(await stateOf()).toEqual(['active'])
    days(0.2)
    await replica.keeper.rotate()
    expect(await stateOf()).toEqual(['active', 'prepared'])
    days(1)
    await replica.keeper.rotate()
    expect(await stateOf()).toEqual(['retired', 'active'])
    days(1)
    await replica.keeper.rotate()
    expect(await stateOf()).toEqual(['dropped', 'active'])
    expect(await published()).toHaveLength(1)
  })
})

describe('another key-encryption key', () => {
  it('takes over at the next start, after which the previous one is not needed', async () => {
    const previous = harness.keyEncryptionKey
    harness.keyEncryptionKey = randomKey()
    const next = createSignerReplica(harness, { previous })
    await next.keeper.start()
    const alone = createSignerReplica(harness)
    const active = await alone.keyRing.activeKeyId()
    expect(active && (await alone.keyRing.signerFor(active))?.keyId).toBe(active)
  })

  it('cannot open keys without the previous one', async () => {
    harness.keyEncryptionKey = randomKey()
    await expect(createSignerReplica(harness).keeper.start()).rejects.toThrow(
      'key-encryption key that is not configured',
    )
  })
})

describe('a replica', () => {
  it('notices a change by another within a second', async () => {
    const other = createSignerReplica(harness)
    const old = await other.keyRing.activeKeyId()
    await replica.keeper.change({ operation: 'taint', keyId: old ?? '' })
    harness.clock.advance(1_000)
    expect(await other.keyRing.activeKeyId()).not.toBe(old)
    expect(old && (await other.keyRing.signerFor(old))).toBeUndefined()
  })

  it('reads the stored set once a second at most', async () => {
    const before = harness.signingKeys.reads
    await Promise.all(Array.from({ length: 50 }, () => createReplicaRead()))
    expect(harness.signingKeys.reads - before).toBe(1)
  })

  async function createReplicaRead() {
    await replica.keyRing.activeKeyId()
  }

  it('does not go on with a set that it could not read', async () => {
    await replica.keyRing.activeKeyId()
    harness.clock.advance(1_000)
    const get = harness.signingKeys.get.bind(harness.signingKeys)
    harness.signingKeys.get = () => Promise.reject(new Error('down'))
    await expect(replica.keyRing.activeKeyId()).rejects.toThrow('down')
    harness.signingKeys.get = get
    expect(await replica.keyRing.activeKeyId()).toBeDefined()
  })
})
