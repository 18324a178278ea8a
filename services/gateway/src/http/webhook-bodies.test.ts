import { request as startRequest } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { jobPayload, payloadOf, webhookHarness } from '../testing/webhook-harness.ts'
import { webhookLimits } from '../webhooks/webhook-limits.ts'

const json = JSON.stringify
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

describe('a body', () => {
  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/vnd.github+json'])(
    'that is %s is refused: GitHub’s webhooks can be set to JSON',
    async type => {
      const { deliver } = await webhookHarness()
      const answer = await deliver({ headers: { 'content-type': type } })
      expect(answer.json()).toMatchObject({ code: 'unsupported_media_type', status: 415 })
    },
  )

  it.each([
    ['broken JSON', Buffer.from('{"action":'), 'the body is not JSON'],
    ['broken UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'the body is not UTF-8'],
  ])('of %s is refused, although it is signed', async (_what, body, detail) => {
    const { deliver, hints } = await webhookHarness()
    expect((await deliver({ body })).json()).toMatchObject({ code: 'invalid_request', detail })
    expect(hints.told).toEqual([])
  })

  it('of the largest size is taken, and one byte more is refused', async () => {
    const { deliver, hints } = await webhookHarness()
    const filled = (bytes: number) => {
      const empty = json({ ...jobPayload, filler: '' })
      return json({ ...jobPayload, filler: 'x'.repeat(bytes - empty.length) })
    }
    expect((await deliver({ body: filled(webhookLimits.bodyBytesMax) })).statusCode).toBe(202)
    const larger = await deliver({ body: filled(webhookLimits.bodyBytesMax + 1) })
    expect(larger.json()).toMatchObject({ code: 'body_too_large', status: 413 })
    expect(hints.told).toHaveLength(1)
  })

  it('whose length is too large is refused before a byte of it is sent', async () => {
    const { app } = await webhookHarness()
    const answer = await overNetwork(app, { 'content-length': String(25 * 1_048_576) }, () => undefined)
    expect(answer).toBe(413)
  })

  it('without a length is cut off where it grows too large', async () => {
    const { app } = await webhookHarness()
    const chunk = Buffer.alloc(65_536, 'x')
    const answer = await overNetwork(app, { 'transfer-encoding': 'chunked' }, request => {
      for (let sent = 0; sent <= webhookLimits.bodyBytesMax; sent += chunk.length) request.write(chunk)
    })
    expect(answer).toBe(413)
  })

  it('takes up one of few places while it arrives, and gives it back when its sender goes', async () => {
    const { app, gateway } = await webhookHarness()
    const bodies = gateway.webhooks?.bodies
    const started = overNetwork(app, { 'content-length': '100' }, request => {
      request.write('{')
      void expect
        .poll(() => bodies?.count)
        .toBe(1)
        .then(() => request.destroy())
    })
    await expect(started).rejects.toThrow()
    await expect.poll(() => bodies?.count).toBe(0)
  })

  it('finds no place when too many arrive at once', async () => {
    const { deliver, gateway, hints } = await webhookHarness()
    const never = new AbortController().signal
    const places = Array.from({ length: webhookLimits.bodiesPerAddressMax }, () =>
      gateway.webhooks?.bodies.enter('192.0.2.7', never),
    )
    expect((await deliver()).json()).toMatchObject({ code: 'rate_limited', status: 429 })
    expect((await deliver({ remoteAddress: '192.0.2.8' })).statusCode).toBe(202)
    for (const place of places) place?.leave()
    expect((await deliver({ body: json(payloadOf(78)) })).statusCode).toBe(202)
    expect(hints.told).toHaveLength(2)
  })
})

/** A real connection: what the sender sees while its body is still on the way. @returns the answer's status */
async function overNetwork(
  app: Awaited<ReturnType<typeof webhookHarness>>['app'],
  headers: Record<string, string>,
  send: (request: ReturnType<typeof startRequest>) => void,
): Promise<number | undefined> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  open.push(() => app.close())
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const request = startRequest({
    host: '127.0.0.1',
    port,
    path: '/webhooks/github',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, ...headers },
  })
  request.on('error', reject)
  request.on('response', response => {
    response.resume()
    resolve(response.statusCode)
    request.destroy()
  })
  request.flushHeaders()
  send(request)
  return promise
}
