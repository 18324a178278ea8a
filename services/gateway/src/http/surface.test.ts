import { METHODS } from 'node:http'
import { errorTable } from '@forkproof/contracts/errors'
import { describe, expect, it } from 'vitest'
import { gatewayHarness, goodClaim, ownKey, prove } from '../testing/gateway-harness.ts'

const id = 'A'.repeat(43)
const surface: Record<string, string> = {
  '/claim': 'POST',
  [`/exchange/${id}`]: 'POST',
  [`/claims/${id}/shown`]: 'POST',
  [`/claims/${id}`]: 'GET, HEAD',
  '/.well-known/openid-configuration': 'GET, HEAD',
  '/.well-known/oauth-authorization-server': 'GET, HEAD',
  '/.well-known/jwks': 'GET, HEAD',
  '/v1/projects': 'GET, HEAD, POST',
  [`/v1/projects/${id}`]: 'DELETE, GET, HEAD, PATCH',
  [`/v1/projects/${id}/history`]: 'GET, HEAD',
  [`/v1/projects/${id}/relationships`]: 'GET, HEAD, POST',
  [`/v1/projects/${id}/relationships/${id}`]: 'DELETE, GET, HEAD, PUT',
  '/oauth/token': 'POST',
  '/oauth/introspect': 'POST',
  '/oauth/revoke': 'POST',
  '/v1/trust:explain': 'POST',
  '/v1/builds': 'POST',
  [`/v1/builds/${id}`]: 'DELETE, GET, HEAD',
  [`/v1/builds/${id}/health`]: 'POST',
  [`/v1/builds/${id}/finish`]: 'POST',
  '/healthz': 'GET, HEAD',
  '/readyz': 'GET, HEAD',
  '/metrics': 'GET, HEAD',
  '/openapi.json': 'GET, HEAD',
}
const wireMethods = METHODS.filter(method => method !== 'CONNECT')

describe('the surface', () => {
  it.each(Object.entries(surface))('%s answers no method but %s', async (url, allow) => {
    const { app, claims } = await gatewayHarness()
    for (const method of wireMethods.filter(one => !allow.split(', ').includes(one))) {
      const response = await app.inject({
        method: method as 'GET',
        url,
        payload: 'x',
        headers: { 'content-type': 'x/y' },
      })
      expect([method, response.statusCode, response.headers.allow]).toEqual([method, 405, allow])
      if (method !== 'HEAD') expect(response.json()).toMatchObject({ code: 'method_not_allowed', status: 405 })
    }
    expect(claims.started).toEqual([])
  })

  it.each([
    '/',
    '/claim/',
    '/Claim',
    '/claims',
    '/exchange',
    '/exchange/',
    '//claim',
    '/.well-known/jwks.json',
    '/errors',
    '/v1',
    '/v1/trust',
    '/v1/trust::explain',
    '/v1/trust:x',
    '/oauth',
    '/oauth/token/',
    '/oauth/authorize',
    '/admin',
    '/_sim/',
    '/claim%00',
    `/claims/${id}/shown/x`,
  ])('%s is not found', async url => {
    const { app } = await gatewayHarness()
    for (const method of ['GET', 'POST'] as const) {
      const response = await app.inject({ method, url, payload: method === 'POST' ? 'x' : '' })
      expect(response.statusCode).toBe(404)
      expect(['not_found', 'claim_not_found']).toContain(response.json().code)
    }
  })

  it.each(['/%', '/claims/%ff', '/exchange/%E0%A4%A'])(
    '%s, which does not decode, is an invalid request',
    async url => {
      const { app } = await gatewayHarness()
      const response = await app.inject({ method: 'GET', url })
      expect(response.statusCode).toBe(400)
      expect(response.json()).toMatchObject({ code: 'invalid_request' })
    },
  )

  it('gives every error the members of RFC 9457, a fresh correlation id, and `error` for old clients', async () => {
    const { claim } = await gatewayHarness()
    const first = await claim({ ...goodClaim, repo: 'x' })
    expect(first.headers['content-type']).toMatch(/^application\/problem\+json/)
    const problem = first.json()
    expect(problem).toMatchObject({
      type: 'urn:forkproof:error:invalid_request',
      status: 400,
      title: errorTable.invalid_request.title,
    })
    expect(problem.error).toBe(`${problem.title}: ${problem.detail}`)
    expect(problem.instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
    expect((await claim({ ...goodClaim, repo: 'x' })).json().instance).not.toBe(problem.instance)
  })

  it('sets the headers that keep browsers and caches from misreading an answer', async () => {
    const { app } = await gatewayHarness()
    for (const url of ['/healthz', '/nowhere', '/metrics', '/claim', '/%', `/claims/${'a'.repeat(101)}`]) {
      const { headers } = await app.inject({ url })
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
      expect(headers).not.toHaveProperty('server')
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })

  it('describes every public route, with its body, in /openapi.json', async () => {
    const { app } = await gatewayHarness()
    const document = (await app.inject({ url: '/openapi.json' })).json()
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths).sort()).toEqual([
      '/.well-known/jwks',
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
      '/claim',
      '/claims/{id}',
      '/claims/{id}/shown',
      '/exchange/{ticket}',
      '/healthz',
      '/oauth/introspect',
      '/oauth/revoke',
      '/oauth/token',
      '/readyz',
      '/v1/builds',
      '/v1/builds/{id}',
      '/v1/builds/{id}/finish',
      '/v1/builds/{id}/health',
      '/v1/projects',
      '/v1/projects/{id}',
      '/v1/projects/{id}/denials',
      '/v1/projects/{id}/denials/{key}',
      '/v1/projects/{id}/history',
      '/v1/projects/{id}/relationships',
      '/v1/projects/{id}/relationships/{rid}',
      '/v1/trust:explain',
    ])
    const form = document.paths['/oauth/token'].post.requestBody.content['application/x-www-form-urlencoded'].schema
    expect(form.required.sort()).toEqual(['audience', 'grant_type', 'subject_token', 'subject_token_type'])
    const rule = document.paths['/v1/projects/{id}/relationships'].post.requestBody.content['application/json'].schema
    expect(JSON.stringify(rule)).toContain('repositoryId')
    const body = document.paths['/claim'].post.requestBody.content['application/json'].schema
    expect(body.required.sort()).toEqual(['eventName', 'repo', 'runID'])
    expect(Object.keys(document.paths['/exchange/{ticket}'].post.responses)).toContain('202')
  })

  it('counts claims and exchanges by outcome', async () => {
    const gateway = await gatewayHarness()
    const { exchangeURL } = await gateway.start()
    await gateway.claim({})
    await gateway.exchange(exchangeURL)
    await prove(gateway, gateway.claims.started[0])
    await gateway.exchange(exchangeURL)
    const text = (await gateway.app.inject({ url: '/metrics' })).body
    expect(text).toContain('forkproof_claims_total{code="started",service="gateway"} 1')
    expect(text).toContain('forkproof_claims_total{code="invalid_request",service="gateway"} 1')
    expect(text).toContain('forkproof_exchanges_total{outcome="pending",service="gateway"} 1')
    expect(text).toContain('forkproof_exchanges_total{outcome="token",service="gateway"} 1')
    expect(text).toContain('forkproof_claim_to_token_seconds_count{service="gateway"} 1')
    expect(text).not.toContain('fpt_')
  })

  it('is alive without Temporal, but not ready', async () => {
    const { app, claims, clock } = await gatewayHarness()
    expect((await app.inject({ url: '/readyz' })).json()).toEqual({
      ready: true,
      checks: { temporal: true, bus: true, keys: true },
    })
    claims.down = true
    clock.advance(1_000)
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(503)
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200)
  })
})

describe('GET /claims/{id} and POST /claims/{id}/shown', () => {
  it('tells what became of a claim, without anything secret', async () => {
    const gateway = await gatewayHarness()
    const { claimId } = await gateway.start(ownKey())
    const state = async () => (await gateway.app.inject({ url: `/claims/${claimId}` })).json()
    expect(await state()).toEqual({ claimId, state: 'pending' })
    await prove(gateway, gateway.claims.started[0])
    expect(await state()).toEqual({ claimId, state: 'proven' })
  })

  it('tells why a claim was refused', async () => {
    const gateway = await gatewayHarness()
    const { claimId } = await gateway.start()
    gateway.claims.end(claimId, { verdict: 'refused', reason: 'not_a_fork' })
    const response = await gateway.app.inject({ url: `/claims/${claimId}` })
    expect(response.json()).toEqual({ claimId, state: 'refused', reason: 'not_a_fork' })
  })

  it('knows nothing of a claim that was never made', async () => {
    const { app } = await gatewayHarness()
    for (const one of [id, 'short', `fpt_${id}`]) {
      const response = await app.inject({ url: `/claims/${one}` })
      expect(response.json()).toMatchObject({ code: 'claim_not_found', status: 404 })
    }
  })

  it('passes a hint on without looking the claim up, and drops what is too much', async () => {
    const { app, nudges, claims, clock } = await gatewayHarness()
    claims.down = true
    const shown = () => app.inject({ method: 'POST', url: `/claims/${id}/shown` })
    for (let count = 0; count < 30; count++) expect((await shown()).statusCode).toBe(204)
    expect(nudges.published).toEqual(Array(10).fill(`shown ${id}`))
    clock.advance(200)
    await shown()
    await shown()
    expect(nudges.published).toHaveLength(11)
  })

  it('publishes nothing for what is no claim id', async () => {
    const { app, nudges } = await gatewayHarness()
    for (const one of ['*', '%3E', 'a.b', `${'A'.repeat(42)}.`]) {
      expect((await app.inject({ method: 'POST', url: `/claims/${one}/shown` })).statusCode).toBe(404)
    }
    expect(nudges.published).toEqual([])
  })
})
