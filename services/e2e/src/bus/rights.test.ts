import type { BusUser } from '@forkproof/deployment/bus-permissions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BusHarness, openBusHarness } from '../testing/bus-harness.ts'
import { NatsWire } from '../testing/nats-wire.ts'

let harness: BusHarness
const wireOf = (user: BusUser) => harness.wireOf(user)
beforeAll(async () => {
  harness = await openBusHarness()
}, 600_000)
afterAll(() => harness.close())

describe('what each service needs works', () => {
  test('the administrator provisions, again and again', async () => {
    await harness.provision()
    await harness.provision()
  })

  test('the signer reads, creates and swaps values in its buckets', async () => {
    for (const name of ['jwks', 'minted', 'signing-keys']) {
      const bucket = await harness.signer.bucket(name)
      const revision = await bucket.create('test', 'one')
      expect(revision).toBeGreaterThan(0)
      expect(await bucket.create('test', 'other')).toBeUndefined()
      expect(await bucket.update('test', 'two', revision ?? 0)).toBeGreaterThan(revision ?? 0)
      expect(await bucket.update('test', 'three', revision ?? 0)).toBeUndefined()
      expect(await bucket.get('test')).toMatchObject({ value: 'two' })
      expect(await bucket.get('absent')).toBeUndefined()
    }
  })

  test('the signer appends to the issuance log only where it thinks the end is, and reads it', async () => {
    const { sequence } = (await harness.signer.read('ISSUANCE', { lastOf: 'forkproof.issuance.token' })) ?? {
      sequence: 0,
    }
    const message = { subject: 'forkproof.issuance.token', text: 'next', messageId: 'next', lastSequence: sequence }
    expect(await harness.signer.append(message)).toBe(sequence + 1)
    expect(await harness.signer.append({ ...message, messageId: 'late' })).toBeUndefined()
    expect(await harness.signer.read('ISSUANCE', { sequence: 1 })).toEqual({ sequence: 1, text: 'first' })
    expect(await harness.signer.read('ISSUANCE', { sequence: 999 })).toBeUndefined()
  })

  test('the gateway reads the public keys', async () => {
    const bucket = await (await harness.busOf('gateway')).bucket('jwks')
    expect(await bucket.get('current')).toMatchObject({ value: '{"keys":[]}' })
  })

  test.each([
    ['nudge', 'nudge.>', 'nudge.shown.abc'],
    ['hint about a run', 'run-hint.*', 'run-hint.74'],
  ])('a %s of the gateway reaches the verifier', async (_, subscription, subject) => {
    const heard = Promise.withResolvers<string>()
    const verifier = await harness.busOf('verifier')
    verifier.subscribe(subscription, one => heard.resolve(one))
    await wireOf('verifier').subscribe(subscription)
    const gateway = await harness.busOf('gateway')
    // The library subscribes without waiting, so the message is repeated until it arrives, as the gateway does.
    await expect
      .poll(() => {
        gateway.publish(subject, '')
        return Promise.race([heard.promise, Promise.resolve('')])
      })
      .toBe(subject)
    await wireOf('verifier').received(messages => messages.some(message => message.subject === subject))
  })

  test('the orchestrator stores an event once', async () => {
    const orchestrator = await harness.busOf('orchestrator')
    await orchestrator.store('forkproof.claim.proven.v1', '{}', 'event-1')
    await orchestrator.store('forkproof.claim.proven.v1', '{}', 'event-1')
    const info = await wireOf('admin').request('$JS.API.STREAM.INFO.CLAIMS')
    expect(JSON.parse(info)).toMatchObject({ state: { messages: 1 } })
  })
})

describe('nobody gets in without a password', () => {
  test.each([
    ['no user', undefined, ''],
    ['no password', 'signer', ''],
    ['a wrong password', 'signer', 'wrong'],
    ['an unknown user', 'root', 'wrong'],
    ['the system account', '$SYS', ''],
    ['the bus’s account', 'BUS', ''],
  ])('with %s', async (_, user, password) => {
    await expect(NatsWire.open(harness.port, user, password, '_INBOX')).rejects.toThrow('Authorization Violation')
  })

  test('with the password of another', async () => {
    const theirs = harness.passwords.gateway.reveal()
    await expect(NatsWire.open(harness.port, 'signer', theirs, '_INBOX')).rejects.toThrow('Authorization Violation')
  })
})

describe('the issuance log', () => {
  const change = async (more: object) => {
    const info = JSON.parse(await wireOf('admin').request('$JS.API.STREAM.INFO.ISSUANCE')) as { config: object }
    const body = JSON.stringify({ ...info.config, ...more })
    return JSON.parse(await wireOf('admin').request('$JS.API.STREAM.UPDATE.ISSUANCE', body)) as { error?: unknown }
  }

  test.each([{ deny_delete: false }, { deny_purge: false }])('not even the administrator can set %j', async more => {
    expect((await change(more)).error).toBeDefined()
  })
})
