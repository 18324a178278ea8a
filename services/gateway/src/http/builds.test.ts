import { BuildId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { announce, buildsHarness, linuxOnly, projectId, putProject, relationshipId } from '../testing/builds-harness.ts'

const certificateRequest = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n'
const both = ['linux/amd64', 'linux/arm64']

describe('POST /v1/builds', () => {
  it('starts one build of the admitted run and answers its token once the run was confirmed', async () => {
    const { post, builds, clock } = await buildsHarness()
    const answer = await post()
    expect(answer.statusCode).toBe(201)
    const { buildId, buildToken, expiresAt, state } = answer.json()
    expect(answer.headers.location).toBe(`https://oidc.example.dev/v1/builds/${buildId}`)
    expect(buildToken).toMatch(/^fpb_[A-Za-z0-9_-]{43}$/)
    expect(state).toMatchObject({
      buildId,
      phase: 'active',
      platforms: [{ platform: 'linux/amd64', state: 'requested' }],
    })
    expect(Date.parse(expiresAt) - clock.now()).toBe(20 * 60_000)
    expect(builds.started).toMatchObject([
      {
        buildId,
        projectId,
        relationshipId,
        builderClass: 'ephemeral',
        egress: 'none',
        allowedPlatforms: ['linux/amd64'],
      },
    ])
    expect(JSON.stringify(builds.started)).not.toContain(buildToken.slice(4))
  })

  it('gives the minutes that were asked for, and no more than were granted', async () => {
    const { started } = await buildsHarness({ grant: { maxMinutes: 10 } })
    const minutes = async (maxMinutes: number) => {
      const { order } = await started({ ...linuxOnly, maxMinutes })
      return (order.expiresAtMs - order.createdAtMs) / 60_000
    }
    expect(await minutes(3)).toBe(3)
    expect(await minutes(120)).toBe(10)
  })

  it('hands certificate requests on', async () => {
    const { started } = await buildsHarness()
    const { order } = await started({ ...linuxOnly, certificateRequests: { 'linux/amd64': certificateRequest } })
    expect(order.wishes).toEqual([{ platform: 'linux/amd64', certificateRequest }])
  })

  it('gives the project’s cache to trusted runs whose grant says so, and never to a fork’s', async () => {
    const trusted = await buildsHarness({ eventClass: 'trusted', grant: { cache: 'project' } })
    expect((await trusted.started()).order.builderClass).toBe('project')
    const plain = await buildsHarness({ eventClass: 'trusted' })
    expect((await plain.started()).order.builderClass).toBe('ephemeral')
  })

  it.each([undefined, 'x', 'fpa_', `fpa_${'A'.repeat(46)}`, `fpb_${'A'.repeat(43)}`])(
    'refuses the bearer %j, and asks nothing of Temporal',
    async bearer => {
      const { ask, builds } = await buildsHarness()
      const answer = await ask('POST', '/v1/builds', { body: linuxOnly, ...(bearer !== undefined && { bearer }) })
      expect([answer.statusCode, answer.json().code]).toEqual([401, 'access_token_invalid'])
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(builds.started).toEqual([])
    },
  )

  it.each([
    [{}, 'invalid_request'],
    [{ platforms: [] }, 'invalid_request'],
    [{ platforms: 'linux/amd64' }, 'invalid_request'],
    [{ platforms: ['linux/amd64', 'linux/amd64'] }, 'invalid_request'],
    [{ platforms: ['windows/amd64'] }, 'invalid_request'],
    [{ platforms: ['linux/amd64/v3'] }, 'invalid_request'],
    [{ ...linuxOnly, maxMinutes: 0 }, 'invalid_request'],
    [{ ...linuxOnly, maxMinutes: 1.5 }, 'invalid_request'],
    [{ ...linuxOnly, maxMinutes: 121 }, 'invalid_request'],
    [{ ...linuxOnly, builderClass: 'project' }, 'invalid_request'],
    [{ ...linuxOnly, egress: 'internet' }, 'invalid_request'],
    [{ ...linuxOnly, projectId }, 'invalid_request'],
    [{ ...linuxOnly, certificateRequests: { 'linux/amd64': '' } }, 'certificate_request_invalid'],
    [{ ...linuxOnly, certificateRequests: { 'linux/amd64': 'x'.repeat(5_000) } }, 'certificate_request_invalid'],
    [
      { ...linuxOnly, certificateRequests: { 'linux/amd64': certificateRequest.repeat(2) } },
      'certificate_request_invalid',
    ],
    [{ ...linuxOnly, certificateRequests: { 'linux/s390x': certificateRequest } }, 'certificate_request_invalid'],
    [{ ...linuxOnly, certificateRequests: { 'linux/arm64': certificateRequest } }, 'invalid_request'],
  ])('refuses %j as %s', async (body, code) => {
    const { post, builds } = await buildsHarness()
    const answer = await post(body)
    expect([answer.statusCode, answer.json().code]).toEqual([400, code])
    expect(builds.started).toEqual([])
  })

  it('refuses a body that is too large before it is read', async () => {
    const { post } = await buildsHarness()
    const answer = await post({ ...linuxOnly, certificateRequests: { 'linux/amd64': 'x'.repeat(1_000_000) } })
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'body_too_large'])
  })

  it('refuses what was not granted, what no node has, and an egress that no node gives', async () => {
    const granted = await buildsHarness({ grant: { platforms: both } })
    expect((await granted.post({ platforms: both })).json()).toMatchObject({
      status: 409,
      code: 'platform_unavailable',
    })
    const plain = await buildsHarness()
    expect((await plain.post({ platforms: both })).json()).toMatchObject({ status: 403, code: 'platform_not_granted' })
    const online = await buildsHarness({ grant: { egress: 'internet' } })
    expect((await online.post()).json()).toMatchObject({ status: 409, code: 'egress_unavailable' })
    announce(online, { egress: ['none', 'internet'] })
    expect((await online.post()).statusCode).toBe(409)
    online.clock.advance(2_000)
    expect((await online.post()).statusCode).toBe(201)
  })

  it.each(['run_not_in_progress', 'attempt_not_latest', 'repository_not_public', 'not_a_fork'])(
    'refuses a run that is not confirmed by its own reason: %s',
    async reason => {
      const { post, builds } = await buildsHarness()
      builds.refusal = reason
      const answer = await post()
      expect([answer.statusCode, answer.json().code]).toEqual([403, reason])
      expect(answer.body).not.toContain('fpb_')
    },
  )

  it('answers 503 while Temporal or the bus is away, and cancels what may have been started', async () => {
    const { post, builds, fakes } = await buildsHarness()
    builds.down = true
    const answer = await post()
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
    builds.down = false
    fakes.busDown = true
    expect((await post()).statusCode).toBe(503)
    expect(builds.started).toEqual([])
  })

  it('refuses an access token whose relationship is gone', async () => {
    const gateway = await buildsHarness()
    await putProject(gateway, { eventClass: 'fork_pull_request', repositoryId: '43' } as never)
    expect((await gateway.post()).json().code).toBe('access_token_invalid')
  })

  it('runs no more builds of a relationship at once than granted, also where visibility lags behind', async () => {
    const { post, builds } = await buildsHarness({ grant: { concurrency: 2 } })
    builds.invisible = true
    const answers = await Promise.all([post(), post(), post(), post()])
    expect(answers.map(answer => answer.statusCode).sort()).toEqual([201, 201, 429, 429])
    const refused = answers.find(answer => answer.statusCode === 429)
    expect(refused?.json().code).toBe('too_many_builds')
    expect(refused?.headers['retry-after']).toBe('5')
    expect(builds.started).toHaveLength(2)
  })

  it('counts builds that another gateway started, and has room again once they ended', async () => {
    const { post, builds, clock, ask, started } = await buildsHarness({ grant: { concurrency: 1 } })
    const { buildId, buildToken } = await started()
    clock.advance(60_000)
    expect((await post()).statusCode).toBe(429)
    builds.change(buildId, { phase: 'ended', outcome: 'success' })
    await ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })
    expect((await post()).statusCode).toBe(201)
  })

  it('gives the place of a refused build back at once', async () => {
    const { post, builds } = await buildsHarness({ grant: { concurrency: 1 } })
    builds.refusal = 'run_not_in_progress'
    for (let count = 0; count < 3; count++) expect((await post()).statusCode).toBe(403)
    builds.refusal = undefined
    expect((await post()).statusCode).toBe(201)
  })

  it('turns ten thousand requests of one run away at little cost', async () => {
    const { gateway, builds, fakes, admitted } = await buildsHarness({ settings: { buildsPerRun: 5 } })
    const outcomes = new Map<string, number>()
    const { signal } = new AbortController()
    for (let count = 0; count < 10_000; count++) {
      const outcome = await gateway
        .startBuild({ ...admitted, grant: { ...admitted.grant, concurrency: 100 } }, { platforms: [] }, signal)
        .then(
          () => 'started',
          (error: Error & { code: string }) => error.code,
        )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(Object.fromEntries(outcomes)).toEqual({ started: 5, rate_limited: 9_995 })
    expect(builds.started).toHaveLength(5)
    expect(fakes.bucket('nodes').reads).toBe(1)
  })

  it('limits the builds of a project, and the requests of an address before it reads them', async () => {
    const project = await buildsHarness({ settings: { buildsPerProject: 1 } })
    expect((await project.post()).statusCode).toBe(201)
    expect((await project.post()).json().code).toBe('rate_limited')
    const address = await buildsHarness({ settings: { asksPerAddress: 1 } })
    await address.post({})
    expect((await address.post()).json().code).toBe('rate_limited')
  })

  it('puts no secret into its log', async () => {
    const { post, started, ask, builds, lines, accessToken } = await buildsHarness()
    const { buildId, buildToken } = await started()
    await builds.makeReady(buildId)
    await ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })
    builds.down = true
    await post()
    const log = lines.join('\n')
    expect(log).toContain('/v1/builds')
    for (const secret of [accessToken, buildToken, 'PRIVATE KEY']) expect(log).not.toContain(secret)
  })

  it('answers an id that is one', async () => {
    const { started } = await buildsHarness()
    expect(BuildId.safeParse((await started()).buildId).success).toBe(true)
  })
})
