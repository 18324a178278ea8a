import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { importPKCS8, type JWTPayload, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GitHubSchemas } from '../rest/testing/github-schemas.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

const schemas = new GitHubSchemas()
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const appId = 77

describe('a GitHub App', () => {
  const clock = new FakeClock()
  let simulator: SimulatorHarness
  let installationId: number
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    await createSampleRun(simulator)
    await simulator.control('POST', '/apps', { id: appId, publicKey })
    const made = await simulator.control('POST', `/apps/${appId}/installations`, { account: 'octo-org' })
    installationId = Number(made['id'])
  })
  afterEach(() => simulator.stop())

  const seconds = () => Math.floor(clock.now() / 1_000)
  const jwt = async (change: Record<string, unknown> = {}, key = pkcs8) => {
    const claims = { iss: appId, iat: seconds() - 60, exp: seconds() + 540, ...change }
    // `iss` may be a number, which jose's type does not know.
    const signed = new SignJWT(claims as unknown as JWTPayload).setProtectedHeader({ alg: 'RS256' })
    return signed.sign(await importPKCS8(key, 'RS256'))
  }
  const ask = async (path: string, authorization?: string, method = 'GET') => {
    const headers = { authorization: authorization ?? `Bearer ${await jwt()}` }
    return fetch(simulator.base + path, { method, headers })
  }
  const takeToken = async () => {
    const response = await ask(`/app/installations/${installationId}/access_tokens`, undefined, 'POST')
    return (await response.json()) as { token: string; expires_at: string }
  }
  const readWith = (token: string) => simulator.get('/repos/octo-org/app', { authorization: `Bearer ${token}` })

  const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  it.each<[string, Record<string, unknown>, number, string]>([
    [
      'that lives eleven minutes',
      { exp: seconds() + 660 },
      401,
      "'Expiration time' claim ('exp') is too far in the future",
    ],
    ['that is over', { exp: seconds() - 1 }, 401, "'Expiration time' claim ('exp') must be a numeric value"],
    ['without an end', { exp: undefined }, 401, "'Expiration time' claim ('exp') must be a numeric value"],
    ['of the future', { iat: seconds() + 120 }, 401, "'Issued at' claim ('iat') must be an Integer"],
    ['of no App', { iss: undefined }, 404, 'Integration not found'],
    ['of another App', { iss: 1 }, 404, 'Integration not found'],
  ])('is refused a JWT %s', async (_what, change, status, message) => {
    const response = await ask('/app', `Bearer ${await jwt(change)}`)
    expect([response.status, await response.json()]).toMatchObject([
      status,
      { message: expect.stringContaining(message) },
    ])
  })

  it('is refused what is signed by another key, is no JWT, or is nothing', async () => {
    const forged = await jwt({}, otherKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    const statuses = [`Bearer ${forged}`, 'Bearer token-of-tests', 'Basic eA==', ''].map(
      async authorization => (await ask('/app', authorization)).status,
    )
    expect(await Promise.all(statuses)).toEqual([401, 401, 401, 401])
  })

  it('may be late or early by as much as its clock and GitHub’s differ, and no more', async () => {
    const status = async (change: object) => (await ask('/app', `Bearer ${await jwt({ ...change })}`)).status
    await simulator.control('PUT', '/dials', { clockSkewSeconds: -30 })
    expect([await status({ exp: seconds() + 600 }), await status({ exp: seconds() + 540 })]).toEqual([401, 200])
  })

  it.each(['appId', 'clientId'])('is known by its %s', async name => {
    const made = await simulator.control('POST', '/apps', {})
    const key = createPrivateKey(String(made['privateKey'])).export({ type: 'pkcs8', format: 'pem' }).toString()
    const iss = name === 'appId' ? String(made['id']) : made['clientId']
    const response = await ask('/app', `Bearer ${await jwt({ iss }, key)}`)
    expect(await response.json()).toMatchObject({ id: made['id'] })
  })

  it("has answers that fit GitHub's published document", async () => {
    const paths: [string, string, number, 'get' | 'post'][] = [
      ['/app', '/app', 200, 'get'],
      ['/app/installations', '/app/installations', 200, 'get'],
      ['/app/installations/{installation_id}', `/app/installations/${installationId}`, 200, 'get'],
      ['/repos/{owner}/{repo}/installation', '/repos/octo-org/app/installation', 200, 'get'],
      [
        '/app/installations/{installation_id}/access_tokens',
        `/app/installations/${installationId}/access_tokens`,
        201,
        'post',
      ],
    ]
    for (const [template, path, status, method] of paths) {
      const response = await ask(path, undefined, method.toUpperCase())
      const validate = schemas.validator(template, status, method)
      validate?.(await response.json())
      // For the list, the document demands of an account that it is a user and an enterprise at once.
      const problems = validate?.errors?.filter(({ instancePath }) => instancePath !== '/0/account') ?? []
      expect([response.status, path, problems]).toEqual([status, path, []])
    }
  })

  it('is not installed elsewhere', async () => {
    const statuses = ['/repos/alice/app/installation', '/repos/no/where/installation', '/app/installations/1'].map(
      async path => (await ask(path)).status,
    )
    expect(await Promise.all(statuses)).toEqual([404, 404, 404])
  })

  it('gets tokens that read for an hour, with one budget for all of an installation', async () => {
    const [first, second] = [await takeToken(), await takeToken()]
    await readWith(first.token)
    const response = await readWith(second.token)
    expect(first.token).toMatch(/^ghs_/)
    expect([response.status, response.headers.get('x-ratelimit-remaining')]).toEqual([200, '4998'])
    clock.advance(3_600_000)
    expect([Date.parse(first.expires_at) <= clock.now(), (await readWith(first.token)).status]).toEqual([true, 401])
  })

  it('has a budget of its own for each installation', async () => {
    const path = `/apps/${appId}/installations`
    const other = await simulator.control('POST', path, { account: 'alice', limitPerHour: 1 })
    const response = await ask(`/app/installations/${other['id']}/access_tokens`, undefined, 'POST')
    const { token } = (await response.json()) as { token: string }
    const statuses = [(await readWith(token)).status, (await readWith(token)).status]
    expect([...statuses, (await readWith((await takeToken()).token)).status]).toEqual([200, 403, 200])
  })

  it('is refused while suspended, tokens of before too, and goes on afterwards', async () => {
    const { token } = await takeToken()
    await simulator.control('PATCH', `/installations/${installationId}`, { isSuspended: true })
    const refused = await readWith(token)
    const noToken = await ask(`/app/installations/${installationId}/access_tokens`, undefined, 'POST')
    expect([refused.status, await refused.json(), noToken.status]).toMatchObject([
      403,
      { message: 'This installation has been suspended' },
      403,
    ])
    await simulator.control('PATCH', `/installations/${installationId}`, { isSuspended: false })
    expect((await readWith(token)).status).toBe(200)
  })

  it.each(['tokens', 'installation'])('has no token any more once its %s is gone', async what => {
    const { token } = await takeToken()
    await simulator.control('DELETE', `/installations/${installationId}${what === 'tokens' ? '/tokens' : ''}`)
    expect((await readWith(token)).status).toBe(401)
    const again = await ask(`/app/installations/${installationId}/access_tokens`, undefined, 'POST')
    expect(again.status).toBe(what === 'tokens' ? 201 : 404)
  })

  it('reads private repositories only where it is installed', async () => {
    await simulator.control('PATCH', '/repositories/octo-org/app', { visibility: 'private' })
    await simulator.control('PATCH', '/repositories/alice/app', { visibility: 'private' })
    const { token } = await takeToken()
    const other = await simulator.get('/repos/alice/app', { authorization: `Bearer ${token}` })
    expect([(await readWith(token)).status, other.status]).toEqual([200, 404])
  })

  it.each([{ publicKey: 'no key' }, { id: appId }, { slug: 'A b' }])('is not registered with %j', async body => {
    expect([400, 409, 422]).toContain((await simulator.rawControl('POST', '/apps', body)).status)
  })
})
