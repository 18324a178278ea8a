import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

describe('policies', () => {
  let simulator: SimulatorHarness
  let runPath: string
  const clock = new FakeClock()
  const path = '/repos/octo-org/app'
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    const { runId } = await createSampleRun(simulator)
    runPath = `${path}/actions/runs/${runId}`
  })
  afterEach(() => simulator.stop())

  const demand = (policy: object) => simulator.control('PUT', '/owners/octo-org/policy', policy)
  const add = async (name: string, more: object) => {
    await simulator.control('POST', '/credentials', { name, token: `${name}-token`, ...more })
    return { authorization: `Bearer ${name}-token` }
  }
  const anonymous = () => fetch(simulator.base + path)

  it('of allowed addresses refuse every credential in the words of GitHub, and let anonymous reads pass', async () => {
    await demand({ ipAllowList: true })
    const refused = await simulator.get(runPath)
    expect([refused.status, await refused.json()]).toEqual([
      403,
      {
        message:
          'Although you appear to have the correct authorization credentials, the `octo-org` organization has an IP ' +
          'allow list enabled, and your IP address is not permitted to access this resource.',
        documentation_url: 'https://docs.github.com/rest/actions/workflow-runs#get-a-workflow-run',
        status: '403',
      },
    ])
    expect([refused.headers.get('x-ratelimit-remaining'), refused.headers.get('retry-after')]).toEqual(['4999', null])
    expect((await anonymous()).status).toBe(200)
  })

  it.each([
    ['fine-grained', null, 403],
    ['fine-grained', 91, 403],
    ['fine-grained', 90, 200],
    ['classic', null, 403],
    ['classic', 30, 200],
    ['oauth-app', null, 200],
    ['app-user', null, 200],
    ['job', null, 200],
  ])('of a lifetime of 90 days answer a %s credential of %s days with %s', async (kind, lifetimeDays, status) => {
    await demand({ tokenLifetimeDaysMax: 90 })
    const response = await simulator.get(path, await add('old', { kind, lifetimeDays }))
    expect(response.status).toBe(status)
    if (status === 403) {
      const { message } = (await response.json()) as { message: string }
      expect(message).toMatch(/^The 'octo-org' organization forbids access via .+ greater than 90 days\. Please adjust/)
    }
    expect((await anonymous()).status).toBe(200)
  })

  it.each(['classic', 'fine-grained', 'oauth-app', 'oauth-user'])(
    'that forbid %s credentials refuse only those',
    async kind => {
      await demand({ forbiddenKinds: [kind] })
      const seen = async (of: string) => (await simulator.get(path, await add(of, { kind: of }))).status
      expect([await seen(kind), await seen('app-user'), (await anonymous()).status]).toEqual([403, 200, 200])
    },
  )

  it('of single sign-on refuse the tokens of members, and say where they are authorized', async () => {
    await demand({ samlSingleSignOn: true })
    const member = await add('member', { memberOf: ['Octo-Org'] })
    const refused = await simulator.get(path, member)
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { message: expect.stringMatching(/^Resource protected by organization SAML enforcement\./) },
    ])
    expect(refused.headers.get('x-github-sso')).toMatch(/^required; url=http.+\/orgs\/octo-org\/sso/)
    expect((await simulator.get(path)).status).toBe(200)
  })

  it.each([
    ['dmca', 451],
    ['tos', 403],
  ])('that block for %s answer everybody with %s', async (block, status) => {
    await demand({ block })
    const answers = await Promise.all([simulator.get(path), anonymous(), simulator.get(runPath)])
    expect(answers.map(answer => answer.status)).toEqual([status, status, status])
    expect(await answers[0]?.json()).toMatchObject({ message: 'Repository access blocked', block: { reason: block } })
  })

  it('of a repository stand before those of its owner, and leave other owners alone', async () => {
    await demand({ ipAllowList: true })
    await simulator.control('PUT', '/repositories/octo-org/app/policy', { ipAllowList: false })
    expect((await simulator.get(path)).status).toBe(200)
    await simulator.control('PUT', '/repositories/octo-org/app/policy', {})
    expect([(await simulator.get(path)).status, (await simulator.get('/repos/alice/app')).status]).toEqual([403, 200])
  })

  it('do not reveal what is private', async () => {
    await demand({ ipAllowList: true })
    await simulator.control('PATCH', '/repositories/octo-org/app', { visibility: 'private' })
    expect((await simulator.get(path)).status).toBe(404)
  })

  it.each([{ tokenLifetimeDaysMax: 0 }, { tokenLifetimeDaysMax: 367 }, { block: 'mood' }, { unheardOf: true }])(
    'refuse %j',
    async policy => {
      expect((await simulator.rawControl('PUT', '/owners/octo-org/policy', policy)).status).toBe(400)
    },
  )

  it('end a token when it expires', async () => {
    const soon = new Date(clock.now() + 1_000).toISOString()
    const headers = await add('short', { expiresAt: soon })
    const before = await simulator.get(path, headers)
    const announced = before.headers.get('github-authentication-token-expiration') ?? ''
    expect([before.status, announced]).toEqual([200, expect.stringMatching(/^2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)])
    clock.advance(1_000)
    expect((await simulator.get(path, headers)).status).toBe(401)
  })
})
