import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, it } from 'vitest'
import { gatewayHarness, goodClaim } from '../testing/gateway-harness.ts'
import { addressKey } from './address-key.ts'
import { BoundedMap } from './bounded-map.ts'
import { HeldRequests } from './held-requests.ts'
import { RateLimiter } from './rate-limiter.ts'

describe('RateLimiter', () => {
  it('lets a burst through, then one per interval', () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter({ perMinute: 60, burst: 3 })
    const taken = () => [1, 2, 3, 4, 5].filter(() => limiter.tryTake('key', clock.now())).length
    expect(taken()).toBe(3)
    expect(limiter.waitMs('key', clock.now())).toBe(1_000)
    clock.advance(1_000)
    expect(taken()).toBe(1)
    clock.advance(3_600_000)
    expect(taken()).toBe(3)
  })

  it('keeps keys apart, and a refusal costs nothing', () => {
    const limiter = new RateLimiter({ perMinute: 60, burst: 1 })
    expect(limiter.tryTake('a', 0)).toBe(true)
    for (let count = 0; count < 100; count++) expect(limiter.tryTake('a', 500)).toBe(false)
    expect(limiter.tryTake('b', 500)).toBe(true)
    expect(limiter.tryTake('a', 1_000)).toBe(true)
  })
})

describe('BoundedMap', () => {
  it('never grows beyond its bound and forgets the least recently set', () => {
    const map = new BoundedMap<number, number>(3)
    for (const key of [1, 2, 3, 1, 4]) map.set(key, key)
    expect([1, 2, 3, 4].filter(key => map.get(key) !== undefined)).toEqual([1, 3, 4])
    for (let key = 0; key < 10_000; key++) map.set(key, key)
    expect(map.size).toBe(3)
  })
})

describe('addressKey', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::ffff', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('takes %s for %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })
})

describe('HeldRequests', () => {
  it('gives no place when the client has gone already, or after everybody was let go', () => {
    const held = new HeldRequests({ holdMs: 60_000, heldMax: 5, heldPerAddressMax: 5 })
    const gone = held.enter('192.0.2.1', AbortSignal.abort())
    expect(gone.signal.aborted).toBe(true)
    held.releaseAll()
    const late = held.enter('192.0.2.1', new AbortController().signal)
    expect(late.signal.aborted).toBe(true)
    for (const place of [gone, gone, late]) place.leave()
    expect(held.count).toBe(0)
  })
})

describe('the limits of POST /claim', () => {
  const refused = { code: 'rate_limited', status: 429 }

  it('count an address before its body is read', async () => {
    const { claim, app, claims, clock } = await gatewayHarness({ claimsPerAddress: 2 })
    for (let count = 0; count < 2; count++) expect((await claim('no json')).statusCode).toBe(400)
    const response = await claim(goodClaim)
    expect(response.json()).toMatchObject(refused)
    expect(response.headers['retry-after']).toBe('30')
    const other = { method: 'POST', url: '/claim', payload: goodClaim, remoteAddress: '192.0.2.9' } as const
    expect((await app.inject(other)).statusCode).toBe(200)
    clock.advance(30_000)
    expect((await claim(goodClaim)).statusCode).toBe(200)
    expect(claims.started).toHaveLength(2)
  })

  it('believe no X-Forwarded-For but that of a listed proxy', async () => {
    const ask = async (trustedProxies: string[]) => {
      const { claim } = await gatewayHarness({ claimsPerAddress: 1, trustedProxies })
      await claim(goodClaim, { 'x-forwarded-for': '198.51.100.1' })
      return (await claim(goodClaim, { 'x-forwarded-for': '198.51.100.2' })).statusCode
    }
    expect(await ask([])).toBe(429)
    expect(await ask(['192.0.2.0/24'])).toBe(429)
    expect(await ask(['127.0.0.1'])).toBe(200)
  })

  it('count a repository in every spelling, and a run', async () => {
    const { claim, claims } = await gatewayHarness({ claimsPerRepository: 3, claimsPerRun: 2 })
    expect((await claim(goodClaim)).statusCode).toBe(200)
    expect((await claim({ ...goodClaim, repo: 'Octo-Org/OCTO-repo' })).statusCode).toBe(200)
    expect((await claim(goodClaim)).json()).toMatchObject(refused)
    expect((await claim({ ...goodClaim, runID: '124' })).statusCode).toBe(200)
    expect((await claim({ ...goodClaim, runID: '125' })).json()).toMatchObject(refused)
    expect((await claim({ ...goodClaim, repo: 'octo-org/other' })).statusCode).toBe(200)
    expect(claims.started).toHaveLength(4)
  })

  it('do not count a claim that is refused for what it says', async () => {
    const { claim } = await gatewayHarness({ claimsPerRepository: 1 })
    for (let count = 0; count < 5; count++) await claim({ ...goodClaim, eventName: 'push' })
    expect((await claim(goodClaim)).statusCode).toBe(200)
  })

  it('count what else an address asks', async () => {
    const { app } = await gatewayHarness({ asksPerAddress: 3 })
    const id = 'A'.repeat(43)
    const codes: number[] = []
    for (const url of [`/claims/${id}/shown`, `/exchange/${id}`, `/claims/${id}/shown`, `/exchange/${id}`]) {
      codes.push((await app.inject({ method: 'POST', url })).statusCode)
    }
    expect(codes).toEqual([204, 404, 204, 429])
    expect((await app.inject({ url: '/.well-known/jwks' })).statusCode).toBe(200)
  })
})
