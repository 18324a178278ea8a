import { Issuer } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { exampleJwks, gatewayHarness, issuer } from '../testing/gateway-harness.ts'

describe('discovery', () => {
  const paths = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks']

  it.each(paths)('%s is cacheable, open to all origins, and revalidates by ETag', async url => {
    const { app } = await gatewayHarness()
    const first = await app.inject({ url })
    expect(first.statusCode).toBe(200)
    expect(first.headers).toMatchObject({
      'cache-control': 'public, max-age=300, must-revalidate',
      'access-control-allow-origin': '*',
    })
    expect(first.headers['content-type']).toMatch(/^application\/json/)
    const etag = String(first.headers.etag)
    expect(etag).toMatch(/^"[A-Za-z0-9_-]{43}"$/)
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await app.inject({ url, headers: { 'if-none-match': tag } })
      expect([tag, again.statusCode, again.body, again.headers.etag]).toEqual([tag, 304, '', etag])
    }
    expect((await app.inject({ url, headers: { 'if-none-match': '"x"' } })).statusCode).toBe(200)
  })

  it('states the configured issuer whatever the Host says, and only what exists', async () => {
    const { app } = await gatewayHarness()
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' }
    const document = (await app.inject({ url: '/.well-known/openid-configuration', headers })).json()
    expect(document).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    })
    expect(document.claims_supported).toContain('head_repository_id')
  })

  it.each(paths.slice(0, 2))('names the OAuth endpoints in %s', async url => {
    const { app } = await gatewayHarness()
    const document = (await app.inject({ url, headers: { host: 'evil.example' } })).json()
    expect(document).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      token_endpoint: `${issuer}/oauth/token`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      token_endpoint_auth_methods_supported: ['none'],
      response_types_supported: ['id_token'],
    })
    for (const value of Object.values(document)) expect(value).not.toEqual([])
    expect(document).not.toHaveProperty('authorization_endpoint')
    expect(document.scopes_supported).toEqual(['openid', 'build'])
  })

  it('says by which channels a code can be shown: by default none that reads a log', async () => {
    const channelsOf = async (settings = {}) => {
      const { app } = await gatewayHarness(settings)
      return (await app.inject({ url: '/.well-known/openid-configuration' })).json().forkproof_channels
    }
    expect(await channelsOf()).toEqual(['artifact', 'step-name'])
    expect(await channelsOf({ channels: ['log', 'artifact'] })).toEqual(['log', 'artifact'])
  })

  it('says the same at both addresses of the metadata', async () => {
    const { app } = await gatewayHarness()
    const [openid, oauth] = await Promise.all(paths.slice(0, 2).map(url => app.inject({ url })))
    expect(oauth?.json()).toEqual(openid?.json())
    expect(oauth?.headers.etag).toBe(openid?.headers.etag)
  })

  it('names them where the gateway is reached', async () => {
    const { app } = await gatewayHarness({ publicUrl: Issuer.parse('https://gateway.example.dev/base') })
    const document = (await app.inject({ url: '/.well-known/oauth-authorization-server' })).json()
    expect([document.issuer, document.token_endpoint]).toEqual([issuer, 'https://gateway.example.dev/base/oauth/token'])
  })

  it('reads the keys once for many requests, and again after five seconds', async () => {
    const { app, source, clock } = await gatewayHarness()
    await Promise.all(Array.from({ length: 20 }, () => app.inject({ url: '/.well-known/jwks' })))
    expect(source.reads).toBe(1)
    clock.advance(5_000)
    await app.inject({ url: '/.well-known/jwks' })
    expect(source.reads).toBe(2)
  })

  it('keeps serving the last known keys under the same ETag while the bus is down', async () => {
    const { app, source, clock } = await gatewayHarness()
    const before = await app.inject({ url: '/.well-known/jwks' })
    source.broken = true
    clock.advance(3_600_000)
    const after = await app.inject({ url: '/.well-known/jwks' })
    expect([after.statusCode, after.body, after.headers.etag]).toEqual([200, exampleJwks, before.headers.etag])
  })

  it('never publishes a private member, nor anything but keys', async () => {
    const { app, source, clock } = await gatewayHarness()
    const leak = JSON.parse(exampleJwks)
    leak.keys[0].d = 'secret'
    for (const document of [JSON.stringify(leak), '{"keys":[{"kty":"oct","k":"x"}]}', 'no json', undefined]) {
      source.document = document
      const response = await app.inject({ url: '/.well-known/jwks' })
      expect(response.statusCode).toBe(503)
      expect(response.body).not.toContain('secret')
      clock.advance(5_000)
    }
  })
})
