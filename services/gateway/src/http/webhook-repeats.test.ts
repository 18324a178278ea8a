import { describe, expect, it } from 'vitest'
import { jobPayload, olderWebhookSecret, payloadOf, signatureFor, webhookHarness } from '../testing/webhook-harness.ts'
import { webhookLimits } from '../webhooks/webhook-limits.ts'

const json = JSON.stringify

describe('a delivery that comes again', () => {
  it('with its id and body changes nothing', async () => {
    const { deliver, hints } = await webhookHarness()
    const headers = { 'x-github-delivery': 'same' }
    expect((await deliver({ headers })).json()).toEqual({ outcome: 'hinted' })
    const again = await deliver({ headers })
    expect([again.statusCode, again.json()]).toEqual([202, { outcome: 'repeated' }])
    expect(hints.told).toHaveLength(1)
  })

  it('under another id changes nothing: ids are not signed', async () => {
    const { deliver, hints } = await webhookHarness()
    for (const id of ['one', 'two', '', `${'x'.repeat(65)}`]) await deliver({ headers: { 'x-github-delivery': id } })
    expect(hints.told).toHaveLength(1)
  })

  it('signed with the other secret changes nothing', async () => {
    const { deliver, hints } = await webhookHarness()
    const body = json(jobPayload)
    await deliver({ body })
    await deliver({ body, headers: { 'x-hub-signature-256': signatureFor(body, olderWebhookSecret) } })
    expect(hints.told).toHaveLength(1)
  })

  it('is taken when the first could not be: GitHub’s redelivery keeps the id', async () => {
    const { deliver, hints } = await webhookHarness()
    const headers = { 'x-github-delivery': 'same' }
    hints.down = true
    const answer = await deliver({ headers })
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'temporarily_unavailable'])
    hints.down = false
    expect((await deliver({ headers })).statusCode).toBe(202)
    expect(hints.told).toHaveLength(1)
  })

  it('cannot be kept out by a stranger who used its id before', async () => {
    const { deliver, hints } = await webhookHarness()
    const headers = { 'x-github-delivery': 'same' }
    await deliver({ headers: { ...headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } })
    expect((await deliver({ headers })).statusCode).toBe(202)
    expect(hints.told).toHaveLength(1)
  })

  it('is remembered for its time only, and within a bound', async () => {
    const { deliver, clock, hints } = await webhookHarness()
    await deliver()
    clock.advance(webhookLimits.rememberedMs - 1)
    await deliver()
    expect(hints.told).toHaveLength(1)
    clock.advance(1)
    await deliver()
    expect(hints.told).toHaveLength(2)
  })
})

describe('the limits of webhooks', () => {
  const limited = { code: 'rate_limited', status: 429 }

  it('count an address before the body and the signature', async () => {
    const { deliver } = await webhookHarness({ webhooksPerAddress: 2 })
    const forged = { headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } }
    expect([(await deliver(forged)).statusCode, (await deliver(forged)).statusCode]).toEqual([403, 403])
    const third = await deliver()
    expect(third.json()).toMatchObject(limited)
    expect(third.headers['retry-after']).toBe('30')
    expect((await deliver({ remoteAddress: '192.0.2.8' })).statusCode).toBe(202)
  })

  it('count one repository apart from another, so that a hostile one takes nobody’s share', async () => {
    const { deliver, hints } = await webhookHarness({ webhooksPerRepository: 2 })
    for (let turn = 0; turn < 5; turn++) await deliver({ body: json(payloadOf(100 + turn, 666)) })
    expect((await deliver({ body: json(payloadOf(105, 666)) })).json()).toMatchObject(limited)
    expect((await deliver()).statusCode).toBe(202)
    expect(hints.told).toHaveLength(3)
  })

  it('count all that is signed, and nothing that is not', async () => {
    const { deliver, hints } = await webhookHarness({ webhooksInAll: 3 })
    for (let turn = 0; turn < 10; turn++) {
      await deliver({ headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } })
    }
    for (let turn = 0; turn < 3; turn++) {
      expect((await deliver({ body: json(payloadOf(100 + turn, turn + 1)) })).statusCode).toBe(202)
    }
    expect((await deliver({ body: json(payloadOf(200, 9)) })).json()).toMatchObject(limited)
    expect(hints.told).toHaveLength(3)
  })

  it('leave claims and other requests their own', async () => {
    const { deliver, claim } = await webhookHarness({ webhooksPerAddress: 1, claimsPerAddress: 1, asksPerAddress: 1 })
    expect((await deliver({ remoteAddress: '127.0.0.1' })).statusCode).toBe(202)
    expect((await claim({})).statusCode).toBe(400)
  })
})
