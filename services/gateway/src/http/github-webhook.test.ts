import { mulberry32 } from '@forkproof/infra/mulberry32'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, it } from 'vitest'
import { gatewayHarness } from '../testing/gateway-harness.ts'
import {
  hintOfJob,
  jobPayload,
  olderWebhookSecret,
  payloadOf,
  signatureFor,
  webhookHarness,
  webhookSecret,
} from '../testing/webhook-harness.ts'

const url = '/webhooks/github'
const json = JSON.stringify
describe('a webhook', () => {
  it('that GitHub signed tells the verifiers of its run, in ids alone', async () => {
    const { deliver, hints } = await webhookHarness()
    const answer = await deliver({
      body: json({ ...jobPayload, installation: { id: 1 }, sender: { login: 'mallory' } }),
    })
    expect([answer.statusCode, answer.json()]).toEqual([202, { outcome: 'hinted' }])
    expect(hints.told).toEqual([hintOfJob])
  })

  it('may be signed with either of two secrets, so that one can be replaced', async () => {
    const { deliver, hints } = await webhookHarness()
    for (const [index, secret] of [webhookSecret, olderWebhookSecret].entries()) {
      const body = json(payloadOf(100 + index))
      const headers = { 'x-hub-signature-256': signatureFor(body, secret) }
      expect((await deliver({ body, headers })).statusCode).toBe(202)
    }
    expect(hints.told).toHaveLength(2)
  })

  it.each([
    ['workflow_job', { ...jobPayload, action: 'unheard_of' }],
    ['ping', { zen: 'Keep it logically awesome.', hook_id: 1, hook: { type: 'Repository' } }],
    ['push', { ref: 'refs/heads/main', repository: { id: 74 } }],
    ['installation', { action: 'created', installation: { id: 1 } }],
    ['workflow_run', jobPayload],
    ['', jobPayload],
  ])('of %s that nobody waits for is answered quietly', async (event, payload) => {
    const { deliver, hints } = await webhookHarness()
    const answer = await deliver({ body: json(payload), headers: { 'x-github-event': event } })
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    expect(hints.told).toEqual([])
  })

  it('may hold a custom property of any name', async () => {
    const { deliver } = await webhookHarness()
    const properties = '{"constructor":"x","__proto__":"y"}'
    const body = json(jobPayload).replace('"id":74', `"id":74,"custom_properties":${properties}`)
    expect((await deliver({ body })).statusCode).toBe(202)
  })

  it('is told apart in the counters, by few labels', async () => {
    const { deliver, app } = await webhookHarness()
    await deliver()
    await deliver({ body: '{}', headers: { 'x-github-event': 'mallory_1' } })
    await deliver({ headers: { 'x-hub-signature-256': 'sha256=00' } })
    const text = (await app.inject({ url: '/metrics' })).body
    expect(text).toContain('forkproof_webhooks_total{event="workflow_job",outcome="hinted",service="gateway"} 1')
    expect(text).toContain('forkproof_webhooks_total{event="other",outcome="ignored",service="gateway"} 1')
    expect(text).toContain('outcome="webhook_not_signed"')
    expect(text).not.toContain('mallory')
  })
})

describe('without a secret', () => {
  it('there is no such address', async () => {
    const { app, hints } = await gatewayHarness()
    const body = json(jobPayload)
    const headers = { 'content-type': 'application/json', 'x-github-event': 'workflow_job' }
    const answer = await app.inject({ method: 'POST', url, headers, payload: body })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found'])
    expect(Object.keys((await app.inject({ url: '/openapi.json' })).json().paths)).not.toContain(url)
    expect(hints.told).toEqual([])
  })

  it('the empty secret, and every other that was not configured, signs nothing', async () => {
    const { deliver, hints } = await webhookHarness({ webhookSecrets: new Secret([webhookSecret]) })
    const body = json(jobPayload)
    for (const secret of ['', 'w', `${webhookSecret}w`, olderWebhookSecret]) {
      const headers = { 'x-hub-signature-256': signatureFor(body, secret) }
      expect((await deliver({ body, headers })).json()).toMatchObject({ code: 'webhook_not_signed', status: 403 })
    }
    expect(hints.told).toEqual([])
  })
})

describe('a delivery that is not signed', () => {
  const body = json(jobPayload)
  const good = signatureFor(body)
  it.each([
    ['no signature', ''],
    ['the older form alone', good.replace('sha256=', 'sha1=')],
    ['no algorithm', good.slice(7)],
    ['a digest that is cut', good.slice(0, -1)],
    ['a longer digest', `${good}0`],
    ['capitals', good.toUpperCase()],
    ['two signatures', `${good}, ${good}`],
    ['a space before', `x ${good}`],
    ['zeros', `sha256=${'0'.repeat(64)}`],
    ['the signature of other bytes', signatureFor(`${body} `)],
  ])('is refused: %s', async (_what, signature) => {
    const { deliver, hints } = await webhookHarness()
    const answer = await deliver({ body, headers: { 'x-hub-signature-256': signature } })
    expect(answer.json()).toMatchObject({ code: 'webhook_not_signed', status: 403 })
    expect(hints.told).toEqual([])
  })

  it('is refused whatever single byte was changed', async () => {
    const seed = 20_261_128
    const random = mulberry32(seed)
    const { deliver, hints } = await webhookHarness()
    for (let turn = 0; turn < 60; turn++) {
      const changed = Buffer.from(body)
      const at = Math.floor(random() * changed.length)
      changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8))
      const answer = await deliver({ body: changed, headers: { 'x-hub-signature-256': good } })
      expect([seed, turn, answer.statusCode]).toEqual([seed, turn, 403])
    }
    expect(hints.told).toEqual([])
  })

  it('is refused with nothing in it', async () => {
    const { app } = await webhookHarness()
    const headers = { 'x-github-event': 'ping', 'x-hub-signature-256': signatureFor('') }
    const answer = await app.inject({ method: 'POST', url, headers })
    expect(answer.json()).toMatchObject({ code: 'webhook_not_signed' })
  })

  it('never shows the secret or the digest that would have fitted', async () => {
    const { deliver, lines } = await webhookHarness()
    const answer = await deliver({ body, headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } })
    for (const text of [answer.body, lines.join('')]) {
      expect(text).not.toContain(webhookSecret)
      expect(text).not.toContain(good.slice(7))
    }
  })
})
