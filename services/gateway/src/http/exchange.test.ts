import { createHash } from 'node:crypto'
import type { RefusalReason } from '@forkproof/contracts/errors'
import { errorTable, refusalReasons } from '@forkproof/contracts/errors'
import { ClaimId } from '@forkproof/contracts/ids'
import { compactDecrypt } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { exampleToken, gatewayHarness, ownKey, prove } from '../testing/gateway-harness.ts'
import { stopServer } from './stop-server.ts'

const unknownId = ClaimId.parse(createHash('sha256').update('nobody').digest('base64url'))

describe('POST /exchange', () => {
  it('holds the request until the proof is in, then answers the bare token', async () => {
    const gateway = await gatewayHarness({ exchangeHoldMs: 5_000 })
    const { exchangeURL, claimId } = await gateway.start()
    const asked = gateway.exchange(exchangeURL)
    await vi.waitUntil(() => gateway.claims.waiting === 1)
    await prove(gateway, gateway.claims.started[0])
    const response = await asked
    expect(response.statusCode).toBe(200)
    expect(response.body).toBe(exampleToken)
    expect(response.headers['content-type']).toMatch(/^text\/plain/)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(gateway.nudges.published).toEqual([`asked ${claimId}`])
  })

  it('answers the sealed token to a claim with its own key, which only that key opens', async () => {
    const gateway = await gatewayHarness()
    const { sealTo, privateKey } = ownKey()
    const { exchangeURL } = await gateway.start({ sealTo })
    await prove(gateway, gateway.claims.started[0])
    const response = await gateway.exchange(exchangeURL)
    expect(response.headers['content-type']).toMatch(/^application\/jose/)
    expect(response.body).not.toContain(exampleToken)
    const opened = await compactDecrypt(response.body, privateKey)
    expect(new TextDecoder().decode(opened.plaintext)).toBe(exampleToken)
    await expect(compactDecrypt(response.body, ownKey().privateKey)).rejects.toThrow()
  })

  it('answers 202 with Retry-After when the hold is over, and asking early spoils nothing', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL } = await gateway.start()
    for (let ask = 0; ask < 3; ask++) {
      const response = await gateway.exchange(exchangeURL)
      expect(response.statusCode).toBe(202)
      expect(response.headers['retry-after']).toBe('1')
      expect(response.json()).toEqual({ state: 'pending' })
    }
    await prove(gateway, gateway.claims.started[0])
    expect((await gateway.exchange(exchangeURL)).body).toBe(exampleToken)
  })

  it('gives the same token again, and logs when the address is another', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL, claimId } = await gateway.start()
    await prove(gateway, gateway.claims.started[0])
    const noticed = () => gateway.lines.filter(line => line.includes('exchange repeated from another address'))
    expect((await gateway.exchange(exchangeURL)).body).toBe(exampleToken)
    expect((await gateway.exchange(exchangeURL)).body).toBe(exampleToken)
    expect(noticed()).toHaveLength(0)
    expect((await gateway.exchange(exchangeURL, '198.51.100.7')).body).toBe(exampleToken)
    expect(noticed()).toHaveLength(1)
    expect(JSON.parse(noticed()[0] ?? '{}')).toMatchObject({ claimId, address: '198.51.100.7' })
  })

  it('never logs a ticket or a token', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL } = await gateway.start()
    await prove(gateway, gateway.claims.started[0])
    await gateway.exchange(exchangeURL)
    gateway.claims.down = true
    await gateway.exchange(exchangeURL)
    expect(gateway.lines.join()).toContain('/exchange/:ticket')
    expect(gateway.lines.join()).not.toContain('fpt_')
    expect(gateway.lines.join()).not.toContain(exampleToken)
  })

  it('takes any small body of any type and drops it', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL } = await gateway.start()
    await prove(gateway, gateway.claims.started[0])
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined]) {
      const response = await gateway.app.inject({
        method: 'POST',
        url: new URL(exchangeURL).pathname,
        payload: type === undefined ? '' : '{"half":',
        ...(type && { headers: { 'content-type': type } }),
      })
      expect(response.body).toBe(exampleToken)
    }
  })
})

describe('POST /exchange refuses', () => {
  it('the public id of a claim that has a ticket, whether pending or proven', async () => {
    const gateway = await gatewayHarness()
    const { claimId } = await gateway.start()
    for (const when of ['pending', 'proven']) {
      const response = await gateway.exchange(`https://x/exchange/${claimId}`)
      expect([when, response.statusCode]).toEqual([when, 404])
      expect(response.json()).toMatchObject({ code: 'claim_not_found' })
      if (when === 'pending') await prove(gateway, gateway.claims.started[0])
    }
  })

  it.each([
    unknownId,
    `fpt_${'A'.repeat(43)}`,
    'fpt_short',
    'x',
    '..%2f..%2fetc',
    '%00',
    'a'.repeat(99),
    'a'.repeat(5_000),
    '__proto__',
  ])('%j like any unknown claim', async asked => {
    const gateway = await gatewayHarness()
    const response = await gateway.app.inject({ method: 'POST', url: `/exchange/${asked}` })
    expect(response.statusCode).toBe(404)
    expect(['claim_not_found', 'not_found']).toContain(response.json().code)
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
  })

  it.each(refusalReasons)('a refused claim with its reason: %s', async (reason: RefusalReason) => {
    const gateway = await gatewayHarness()
    const { exchangeURL, claimId } = await gateway.start()
    gateway.claims.end(claimId, { verdict: 'refused', reason, detail: 'seen by the verifier' })
    const response = await gateway.exchange(exchangeURL)
    expect(response.statusCode).toBe(errorTable[reason].status)
    expect(response.json()).toMatchObject({ code: reason, reason, detail: 'seen by the verifier' })
    expect(response.json().error).toContain(errorTable[reason].title)
  })

  it('a claim that ended without a verdict', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL, claimId } = await gateway.start()
    gateway.claims.end(claimId, 'failed')
    const response = await gateway.exchange(exchangeURL)
    expect(response.statusCode).toBe(410)
    expect(response.json()).toMatchObject({ code: 'claim_expired' })
  })

  it('to hand out a token whose life is over', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL } = await gateway.start()
    await prove(gateway, gateway.claims.started[0])
    gateway.clock.advance(299_999)
    expect((await gateway.exchange(exchangeURL)).statusCode).toBe(200)
    gateway.clock.advance(1)
    expect((await gateway.exchange(exchangeURL)).json()).toMatchObject({ code: 'claim_expired', status: 410 })
  })

  it('to hold more requests of one address, or in all, than its limits', async () => {
    const gateway = await gatewayHarness({ exchangeHoldMs: 25_000, heldMax: 2, heldPerAddressMax: 1 })
    const { exchangeURL } = await gateway.start()
    const first = gateway.exchange(exchangeURL, '192.0.2.1')
    await vi.waitUntil(() => gateway.held.count === 1)
    expect((await gateway.exchange(exchangeURL, '192.0.2.1')).json()).toMatchObject({ code: 'rate_limited' })
    const second = gateway.exchange(exchangeURL, '192.0.2.2')
    await vi.waitUntil(() => gateway.held.count === 2)
    const third = await gateway.exchange(exchangeURL, '192.0.2.3')
    expect(third.statusCode).toBe(503)
    expect(third.headers['retry-after']).toBeDefined()
    gateway.held.releaseAll()
    expect((await first).statusCode).toBe(202)
    expect((await second).statusCode).toBe(202)
    expect(gateway.held.count).toBe(0)
  })

  it('with 503 and Retry-After while Temporal is down', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL } = await gateway.start()
    gateway.claims.down = true
    const response = await gateway.exchange(exchangeURL)
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('2')
  })
})

describe('a real connection', () => {
  it('stops the wait when the client goes away', async () => {
    const gateway = await gatewayHarness({ exchangeHoldMs: 25_000 })
    const base = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    try {
      const { exchangeURL } = await gateway.start()
      const abort = new AbortController()
      const asked = fetch(base + new URL(exchangeURL).pathname, { method: 'POST', signal: abort.signal })
      const gone = expect(asked).rejects.toThrow()
      await vi.waitUntil(() => gateway.claims.waiting === 1)
      abort.abort()
      await gone
      await vi.waitUntil(() => gateway.claims.waiting === 0 && gateway.held.count === 0)
    } finally {
      await gateway.app.close()
    }
  })

  it('answers held requests at once when the service stops, and leaves no connection', { timeout: 2_500 }, async () => {
    const gateway = await gatewayHarness({ exchangeHoldMs: 25_000 })
    const base = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    const { exchangeURL } = await gateway.start()
    const asked = fetch(base + new URL(exchangeURL).pathname, { method: 'POST' })
    await vi.waitUntil(() => gateway.claims.waiting === 1)
    await stopServer(gateway.app, gateway.held)
    expect((await asked).status).toBe(202)
  })
})
