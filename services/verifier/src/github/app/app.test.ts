import { generateKeyPairSync } from 'node:crypto'
import { RepositoryName } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { decodeJwt, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { fakeNowMs, rawRun } from '../../testing/fake-github-answers.ts'
import { type SeenRequest, sendJson } from '../../testing/fake-http-server.ts'
import { signal, startReaderHarness } from '../../testing/reader-harness.ts'

const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const pem = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
const app = { githubAppId: '12345', githubAppPrivateKey: new Secret(pem) }
const here = RepositoryName.parse('Base-Org/project')
const elsewhere = RepositoryName.parse('other/thing')

interface Installed {
  readonly id: number
  readonly account: { readonly login: string }
  suspended_at: string | null
}

/** A GitHub with an App at base-org; the test changes what it answers. */
async function withApp(tokens: readonly string[] = []) {
  const github = {
    installed: [{ id: 7, account: { login: 'base-org' }, suspended_at: null }] as Installed[],
    /** Status of a request for a token, when it is none. */
    tokenStatus: 201,
    drawn: 0,
    revoked: new Set<string>(),
    lifeMs: 3_600_000,
  }
  const harness = await startReaderHarness(
    ({ url, headers }, response) => {
      if (url.startsWith('/app/installations?')) return sendJson(response, 200, github.installed)
      if (url.endsWith('/access_tokens')) {
        if (github.tokenStatus !== 201) {
          return sendJson(response, github.tokenStatus, { message: 'This installation has been suspended' })
        }
        github.drawn += 1
        const expires_at = new Date(harness.clock.now() + github.lifeMs).toISOString()
        return sendJson(response, 201, { token: `ghs_secret_${github.drawn}`, expires_at })
      }
      if (github.revoked.has(String(headers.authorization)))
        return sendJson(response, 401, { message: 'Bad credentials' })
      return sendJson(response, 200, rawRun())
    },
    { app, tokens: [...tokens] },
  )
  const reads = () => harness.seen.filter(({ url }) => url.startsWith('/repos/')).map(authorizationOf)
  return { ...harness, github, reads }
}
const authorizationOf = ({ headers }: SeenRequest) => String(headers.authorization)

describe('the App signs itself in', () => {
  test('by a token of ten minutes that its key signs', async () => {
    const { readerOf, seen } = await withApp()
    await readerOf(here).run(signal)
    const jwt = authorizationOf(seen[0] as SeenRequest).replace('Bearer ', '')
    await jwtVerify(jwt, pair.publicKey, { currentDate: new Date(fakeNowMs), issuer: '12345', algorithms: ['RS256'] })
    const { iat = 0, exp = 0 } = decodeJwt(jwt)
    expect(exp - iat).toBeLessThanOrEqual(600)
    expect(iat).toBeLessThan(fakeNowMs / 1_000)
  })
  test('once for many requests at the same time', async () => {
    const { readerOf, github, reads } = await withApp()
    await Promise.all(Array.from({ length: 20 }, () => readerOf(here).run(signal)))
    expect(github.drawn).toBe(1)
    expect(new Set(reads())).toEqual(new Set(['Bearer ghs_secret_1']))
  })
})

describe('its token', () => {
  test('is renewed ahead of its end, while the old one serves', async () => {
    const { readerOf, github, reads, clock } = await withApp()
    await readerOf(here).run(signal)
    clock.advance(49 * 60_000)
    await readerOf(here).run(signal)
    expect(github.drawn).toBe(1)
    clock.advance(2 * 60_000)
    await readerOf(here).run(signal)
    expect(reads().at(-1)).toBe('Bearer ghs_secret_1')
    await expect.poll(() => github.drawn).toBe(2)
    await readerOf(here).run(signal)
    expect(reads().at(-1)).toBe('Bearer ghs_secret_2')
  })
  test('is not sent once it has ended', async () => {
    const { readerOf, reads, clock } = await withApp()
    await readerOf(here).run(signal)
    clock.advance(3_600_000)
    await readerOf(here).run(signal)
    expect(reads()).toEqual(['Bearer ghs_secret_1', 'Bearer ghs_secret_2'])
  })
  test('that GitHub refuses is replaced once', async () => {
    const { readerOf, github, reads } = await withApp()
    github.revoked.add('Bearer ghs_secret_1')
    expect(await readerOf(here).run(signal)).toMatchObject({ kind: 'found' })
    expect(reads()).toEqual(['Bearer ghs_secret_1', 'Bearer ghs_secret_2'])
  })
  test('and when the new one is refused too, the installation is out for a while', async () => {
    const { readerOf, github, reads } = await withApp()
    for (const number of [1, 2]) github.revoked.add(`Bearer ghs_secret_${number}`)
    await expect(readerOf(here).run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: fakeNowMs + 300_000 })
    await expect(readerOf(here).run(signal)).rejects.toMatchObject({ kind: 'limited' })
    expect(reads()).toHaveLength(2)
  })
})

describe('which credential reads what', () => {
  test('the installation reads its owner’s repositories, and a token all others', async () => {
    const { readerOf, reads } = await withApp(['token-one'])
    await readerOf(here).run(signal)
    await readerOf(elsewhere).run(signal)
    expect(reads()).toEqual(['Bearer ghs_secret_1', 'Bearer token-one'])
  })
  test('without a token the installation reads other public repositories too', async () => {
    const { readerOf, reads } = await withApp()
    await readerOf(elsewhere).run(signal)
    expect(reads()).toEqual(['Bearer ghs_secret_1'])
  })
  test.each([403, 404])('an installation that is suspended or removed (%i) leaves it to the token', async status => {
    const { readerOf, github, reads, seen } = await withApp(['token-one'])
    github.tokenStatus = status
    await readerOf(here).run(signal)
    await readerOf(here).run(signal)
    expect(reads()).toEqual(['Bearer token-one', 'Bearer token-one'])
    expect(seen.filter(({ url }) => url.endsWith('/access_tokens'))).toHaveLength(1)
  })
  test('one that is listed as suspended is not asked', async () => {
    const { readerOf, github, seen } = await withApp(['token-one'])
    for (const installation of github.installed) installation.suspended_at = '2026-11-01T00:00:00Z'
    await readerOf(here).run(signal)
    expect(seen.filter(({ url }) => url.endsWith('/access_tokens'))).toHaveLength(0)
  })
  test('and the list is read again after ten minutes, in the background', async () => {
    const { readerOf, github, reads, clock } = await withApp(['token-one'])
    github.installed.push({ id: 8, account: { login: 'other' }, suspended_at: null })
    await readerOf(elsewhere).run(signal)
    github.installed.shift()
    clock.advance(600_000)
    await readerOf(here).run(signal)
    await expect
      .poll(async () => {
        await readerOf(here).run(signal)
        return reads().at(-1)
      })
      .toBe('Bearer token-one')
  })
})

test('no error of it quotes a token or a key', async () => {
  const { readerOf, github } = await withApp()
  github.tokenStatus = 500
  const fault = await readerOf(here)
    .run(signal)
    .catch((error: unknown) => error)
  expect(String(fault) + JSON.stringify(fault)).not.toMatch(/ghs_|PRIVATE|eyJ/)
})
