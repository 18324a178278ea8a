import { setImmediate } from 'node:timers/promises'
import { denialsMax } from '@forkproof/contracts/trust'
import { describe, expect, it } from 'vitest'
import { admissionHarness, forkRule, trustedRule } from '../testing/admission-harness.ts'
import { buildsHarness, projectId } from '../testing/builds-harness.ts'
import { operatorToken } from '../testing/gateway-harness.ts'

const reason = { reason: 'mines coins' }
const origin = { headRepositoryId: '77', pullRequestNumber: '12', accountIds: ['5'] }

async function denialHarness() {
  const harness = await admissionHarness()
  const { id, etag } = await harness.createProject(forkRule, trustedRule)
  const url = (key: string) => `/v1/projects/${id}/denials/${key}`
  return {
    ...harness,
    id,
    etag,
    url,
    deny: (key: string, body: object = reason) => harness.operate('PUT', url(key), body),
  }
}

describe('a denial', () => {
  it.each(['head_repository:998877', 'author:5544', 'pull_request:456789:12'])(
    '%s refuses the exchange, and its holder is told so but not why',
    async key => {
      const { id, deny, own, exchangeFor, explain, operate, url } = await denialHarness()
      const token = await own()
      expect((await deny(key)).json()).toMatchObject({ denial: { key, ...reason }, endedBuilds: 0 })
      const refused = await exchangeFor(token, id)
      expect(refused.body).toContain('urn:forkproof:error:run_denied')
      expect(refused.body).not.toContain(reason.reason)
      expect((await explain({ projectId: id, token })).json()).toMatchObject({ admitted: false, reason: 'run_denied' })
      expect((await operate('DELETE', url(key))).statusCode).toBe(204)
      // The token was not used up by what was refused.
      expect((await exchangeFor(token, id)).statusCode).toBe(200)
    },
  )

  it('ends access tokens that were given before', async () => {
    const { id, deny, own, exchangeFor, form, asOperator } = await denialHarness()
    const { access_token: token } = (await exchangeFor(await own(), id)).json()
    await deny('author:5544')
    expect((await form('/oauth/introspect', { token }, asOperator)).json()).toEqual({ active: false })
  })

  it('is idempotent: again it has the newer words and the first time, and a change of the project is no matter', async () => {
    const { id, deny, operate, clock } = await denialHarness()
    const first = (await deny('author:5', { reason: 'spam', by: 'octocat' })).json()
    clock.advance(60_000)
    const second = (await deny('author:5', { reason: 'more spam' })).json()
    expect(second.denial).toEqual({ key: 'author:5', reason: 'more spam', createdAt: first.denial.createdAt })
    expect((await operate('GET', `/v1/projects/${id}/denials`)).json()).toEqual({ denials: [second.denial] })
    for (const _ of [1, 2]) {
      expect((await operate('DELETE', `/v1/projects/${id}/denials/author:5`)).statusCode).toBe(204)
    }
    expect((await operate('GET', `/v1/projects/${id}/denials`)).json()).toEqual({ denials: [] })
  })

  it('loses nothing when many are made at the same moment', async () => {
    const { id, deny, operate } = await denialHarness()
    const answers = await Promise.all(['author:1', 'author:2', 'author:3'].map(key => deny(key)))
    expect(answers.map(answer => answer.statusCode)).toEqual([200, 200, 200])
    expect((await operate('GET', `/v1/projects/${id}/denials`)).json().denials).toHaveLength(3)
  })

  it('survives a change of the project', async () => {
    const { id, deny, operate } = await denialHarness()
    await deny('author:5')
    const etag = String((await operate('GET', `/v1/projects/${id}`)).headers.etag)
    await operate('PATCH', `/v1/projects/${id}`, { name: 'other name' }, etag)
    expect((await operate('GET', `/v1/projects/${id}/denials`)).json().denials).toHaveLength(1)
  })

  it('is one of a bounded number', async () => {
    const { id, deny, fakes } = await denialHarness()
    const bucket = fakes.bucket('projects')
    const project = JSON.parse((await bucket.get(id))?.value ?? '')
    const createdAt = '2026-01-01T00:00:00Z'
    const denials = Array.from({ length: denialsMax }, (_, index) => ({
      key: `author:${index + 1}`,
      reason: 'x',
      createdAt,
    }))
    bucket.put(id, JSON.stringify({ ...project, denials }))
    expect((await deny('author:9999')).json()).toMatchObject({ status: 409, code: 'too_many_denials' })
    expect((await deny('author:7')).statusCode).toBe(200)
  })

  it.each<[string, string, object]>([
    ['a login', 'author:alice', reason],
    ['a pattern', 'author:*', reason],
    ['no reason', 'author:5', {}],
    ['an empty reason', 'author:5', { reason: '' }],
    ['a reason without end', 'author:5', { reason: 'x'.repeat(501) }],
    ['a member that nobody knows', 'author:5', { ...reason, until: 'tomorrow' }],
  ])('with %s is malformed', async (_, key, body) => {
    const { deny } = await denialHarness()
    expect((await deny(key, body)).json()).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  it('is the operator’s alone', async () => {
    const { app, url } = await denialHarness()
    for (const method of ['PUT', 'DELETE'] as const) {
      const headers = { authorization: 'Bearer x', 'content-type': 'application/json' }
      const payload = method === 'PUT' ? { payload: JSON.stringify(reason) } : {}
      expect((await app.inject({ method, url: url('author:5'), headers, ...payload })).statusCode).toBe(401)
    }
  })
})

describe('a denial of a run that builds', () => {
  const denying = async (options: Parameters<typeof buildsHarness>[0] = { origin }) => {
    const harness = await buildsHarness(options)
    const deny = (key: string) =>
      harness.app.inject({
        method: 'PUT',
        url: `/v1/projects/${projectId}/denials/${key}`,
        headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
        payload: JSON.stringify(reason),
      })
    return { ...harness, deny }
  }

  it('ends its builds at once, and no other', async () => {
    const { started, deny, builds } = await denying()
    const { buildId } = await started()
    expect((await deny('author:6')).json()).toMatchObject({ endedBuilds: 0 })
    expect((await deny('head_repository:77')).json()).toMatchObject({ endedBuilds: 1 })
    expect(builds.denied).toEqual([buildId])
    expect(await builds.state(buildId)).toMatchObject({ phase: 'ended', outcome: 'refused', reason: 'run_denied' })
  })

  it('lets it start no other', async () => {
    const { post, deny, builds } = await denying()
    await deny('author:5')
    expect((await post()).statusCode).toBe(401)
    expect(builds.started).toEqual([])
  })

  it('ends builds that are not listed yet', async () => {
    const { started, deny, builds, clock } = await denying()
    builds.invisible = true
    const { buildId } = await started()
    expect((await deny('author:5')).json()).toMatchObject({ endedBuilds: 0 })
    builds.invisible = false
    await setImmediate()
    clock.advance(2_000)
    for (let turns = 0; turns < 20 && builds.denied.length === 0; turns++) await setImmediate()
    expect(builds.denied).toEqual([buildId])
  })

  it('ends a build whose start it overtook', async () => {
    const { post, deny, builds } = await denying()
    const confirmed = Promise.withResolvers<void>()
    builds.confirmation = confirmed.promise
    builds.invisible = true
    const answering = post()
    while (builds.started.length === 0) await setImmediate()
    await deny('pull_request:42:12')
    confirmed.resolve()
    expect((await answering).json()).toMatchObject({ status: 403, code: 'run_denied' })
    expect(builds.denied).toEqual(builds.started.map(({ buildId }) => buildId))
  })

  it('ends builds whose run is not known, as those of an older release', async () => {
    const { started, deny, builds } = await denying()
    await started()
    builds.runsUnknown = true
    expect((await deny('author:6')).json()).toMatchObject({ endedBuilds: 1 })
  })

  it('is stored although its builds cannot be reached, and says that it must be repeated', async () => {
    const { started, deny, builds, post } = await denying()
    await started()
    builds.down = true
    expect((await deny('author:5')).statusCode).toBe(503)
    builds.down = false
    expect((await post()).statusCode).toBe(401)
    expect((await deny('author:5')).json()).toMatchObject({ endedBuilds: 1 })
  })
})
