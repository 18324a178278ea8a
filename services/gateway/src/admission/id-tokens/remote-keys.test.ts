import { Issuer } from '@forkproof/contracts/ids'
import { silentLogger } from '@forkproof/infra/log'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, it } from 'vitest'
import { githubKey, jwksOf, ourKey, strangersKey } from '../../testing/fake-token-issuers.ts'
import { freshMsOf } from './fetch-key-set.ts'
import { RemoteKeys } from './remote-keys.ts'

const issuer = Issuer.parse('https://token.actions.githubusercontent.com')
const jwksUri = `${issuer}/.well-known/jwks`

function harness() {
  const clock = new FakeClock()
  const web = {
    discovery: JSON.stringify({ issuer, jwks_uri: jwksUri }) as string | undefined,
    jwks: jwksOf(githubKey) as string | undefined,
    cacheControl: undefined as string | undefined,
    fetched: [] as string[],
  }
  const fetchDocument = async (url: string) => {
    web.fetched.push(url)
    const body = url === jwksUri ? web.jwks : web.discovery
    if (body === undefined) throw new Error('status 500')
    return { body, cacheControl: url === jwksUri ? web.cacheControl : undefined }
  }
  const keys = new RemoteKeys({ issuer, fetchDocument, clock, log: silentLogger })
  const ask = (kid = githubKey.kid) =>
    keys.keyFor(kid).then(
      () => 'found',
      (error: { code: string }) => error.code,
    )
  const reads = () => web.fetched.filter(url => url === jwksUri).length
  return { clock, web, ask, reads }
}

describe('keys of another issuer', () => {
  it('are found through its discovery document, and read once for many questions', async () => {
    const { web, ask } = harness()
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()))
    expect(new Set(answers)).toEqual(new Set(['found']))
    expect(web.fetched).toEqual([`${issuer}/.well-known/openid-configuration`, jwksUri])
  })

  it.each([
    [undefined, 600_000],
    ['public, max-age=3600', 3_600_000],
    ['max-age=5', 60_000],
    ['no-store', 60_000],
    ['no-cache, max-age=3600', 60_000],
    ['max-age=999999999', 86_400_000],
    ['s-maxage=10', 600_000],
    ['max-age=-1', 600_000],
    ['max-age=x', 600_000],
  ])('are fresh with Cache-Control %s for %d ms', async (cacheControl, freshMs) => {
    const { web, ask, reads, clock } = harness()
    expect(freshMsOf(cacheControl)).toBe(freshMs)
    web.cacheControl = cacheControl
    await ask()
    clock.advance(freshMs - 1)
    await ask()
    expect(reads()).toBe(1)
    clock.advance(1)
    await ask()
    expect(reads()).toBe(2)
  })

  it('are looked for once more when an unknown one is named, and then not for 30 s', async () => {
    const { web, ask, reads, clock } = harness()
    await ask()
    web.jwks = jwksOf(githubKey, ourKey)
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(ourKey.kid)))).toEqual(Array(20).fill('found'))
    expect(reads()).toBe(2)
    for (let count = 0; count < 50; count++) expect(await ask(`unknown ${count}`)).toBe('id_token_invalid')
    expect(reads()).toBe(2)
    web.jwks = jwksOf(strangersKey)
    clock.advance(30_000)
    expect(await ask(strangersKey.kid)).toBe('found')
    expect(reads()).toBe(3)
    expect(await ask(githubKey.kid)).toBe('id_token_invalid')
  })

  it('are never believed to be missing: without known keys each question tries again', async () => {
    const { web, ask } = harness()
    const { discovery } = web
    web.discovery = undefined
    for (let count = 0; count < 3; count++) expect(await ask()).toBe('issuer_unavailable')
    expect(web.fetched).toHaveLength(3)
    web.discovery = discovery
    expect(await ask()).toBe('found')
  })

  it('outlive their freshness by an hour while the issuer is silent, and not longer', async () => {
    const { web, ask, reads, clock } = harness()
    await ask()
    web.jwks = undefined
    clock.advance(600_000)
    for (let count = 0; count < 20; count++) expect(await ask()).toBe('found')
    expect(reads()).toBe(2)
    clock.advance(10_000)
    expect(await ask()).toBe('found')
    expect(reads()).toBe(3)
    clock.advance(3_590_000)
    expect(await ask()).toBe('issuer_unavailable')
    web.jwks = jwksOf(githubKey)
    expect(await ask()).toBe('found')
  })

  it('that are unknown while the issuer is silent are not said to be wrong', async () => {
    const { web, ask, clock } = harness()
    await ask()
    web.jwks = undefined
    expect(await ask('new')).toBe('issuer_unavailable')
    expect(await ask('new')).toBe('issuer_unavailable')
    web.jwks = jwksOf(githubKey, ourKey)
    clock.advance(30_000)
    expect(await ask(ourKey.kid)).toBe('found')
  })

  it.each([
    ['names another issuer', { issuer: 'https://evil.example', jwks_uri: jwksUri }],
    ['names the issuer with a slash', { issuer: `${issuer}/`, jwks_uri: jwksUri }],
    ['keeps its keys elsewhere', { issuer, jwks_uri: 'https://evil.example/jwks' }],
    ['keeps its keys at another port', { issuer, jwks_uri: `${issuer}:8443/jwks` }],
    ['keeps its keys without TLS', { issuer, jwks_uri: jwksUri.replace('https', 'http') }],
    ['keeps its keys in a file', { issuer, jwks_uri: 'file:///etc/passwd' }],
    ['names no keys', { issuer }],
    ['is a list', []],
  ])('are not taken from a discovery document that %s', async (_name, document) => {
    const { web, ask, reads } = harness()
    web.discovery = JSON.stringify(document)
    expect(await ask()).toBe('issuer_unavailable')
    expect(reads()).toBe(0)
  })

  it.each([
    ['is no JSON', '<html>'],
    ['is empty', '{"keys":[]}'],
    ['has none that signs', JSON.stringify({ keys: [{ ...githubKey.published, use: 'enc' }] })],
    ['has another algorithm’s only', JSON.stringify({ keys: [{ ...githubKey.published, alg: 'PS256' }] })],
    ['has shared secrets only', JSON.stringify({ keys: [{ kty: 'oct', kid: githubKey.kid, k: 'c2VjcmV0' }] })],
    ['has a key without an id', JSON.stringify({ keys: [{ ...githubKey.published, kid: undefined }] })],
  ])('are kept when the set that replaces them %s', async (_name, jwks) => {
    const { web, ask, clock } = harness()
    await ask()
    web.jwks = jwks
    clock.advance(600_000)
    expect(await ask()).toBe('found')
  })

  it('may stand among keys of other kinds, and carry what is not read', async () => {
    const { web, ask } = harness()
    const odd = [{ kty: 'EC', kid: 'x' }, null, 7, { ...githubKey.published, x5c: ['x'], x5t: 'y', d: 'z' }]
    web.jwks = JSON.stringify({ keys: odd })
    expect(await ask()).toBe('found')
  })
})
