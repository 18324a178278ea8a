import { Code, ConnectError } from '@connectrpc/connect'
import { builderLossTexts } from '@forkproof/contracts/builder'
import { describe, expect, it } from 'vitest'
import { projectId, putProject } from '../testing/builds-harness.ts'
import { depotHarness } from '../testing/depot-harness.ts'
import { exampleKey } from '../testing/fake-builds.ts'

const refusal = async (call: Promise<unknown>): Promise<[string, string | null]> => {
  const error = await call.then(
    () => new Error('it was answered'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ConnectError)) throw error
  return [Code[error.code], error.metadata.get('forkproof-code')]
}

describe('CreateBuild', () => {
  it.each(['1.1', '2'] as const)('starts a build without wishes for an access token, over HTTP/%s', async version => {
    const { client, as, accessToken, builds } = await depotHarness({}, version)
    const made = await client.createBuild({ projectId }, as(accessToken))
    expect(made).toMatchObject({ projectId, buildUrl: `https://oidc.example.dev/v1/builds/${made.buildId}` })
    expect(made.buildToken).toMatch(/^fpb_/)
    expect(made.registry).toBeDefined()
    expect(builds.started).toMatchObject([{ buildId: made.buildId, wishes: [], allowedPlatforms: ['linux/amd64'] }])
  })

  it.each([
    [undefined, 'access_token_invalid'],
    ['fpa_x', 'access_token_invalid'],
    [`fpa_${'A'.repeat(46)}`, 'access_token_invalid'],
    ['not a token', 'access_token_invalid'],
    ['x', 'id_token_invalid'],
    ['eyJhbGciOiJub25lIn0.e30.', 'id_token_invalid'],
    [`fpb_${'A'.repeat(43)}`, 'id_token_invalid'],
  ])('refuses the bearer %j as unauthenticated', async (bearer, code) => {
    const { client, as, builds } = await depotHarness()
    expect(await refusal(client.createBuild({ projectId }, as(bearer)))).toEqual(['Unauthenticated', code])
    expect(builds.started).toEqual([])
  })

  it('never answers not_found, which would make the client look for its projects', async () => {
    const { client, as, accessToken } = await depotHarness()
    const other = `prj_${'b'.repeat(16)}`
    expect(await refusal(client.createBuild({ projectId: other }, as(accessToken)))).toEqual([
      'PermissionDenied',
      'project_not_found',
    ])
    for (const malformed of [undefined, '', 'x', '../prj', `${projectId}x`]) {
      const asked = malformed === undefined ? {} : { projectId: malformed }
      expect((await refusal(client.createBuild(asked, as(accessToken))))[0]).toBe('InvalidArgument')
    }
  })

  it.each([
    ['run_not_in_progress', 'PermissionDenied'],
    ['attempt_not_latest', 'PermissionDenied'],
    ['github_unavailable', 'Unavailable'],
  ])('refuses a run that is not confirmed: %s', async (reason, code) => {
    const { client, as, accessToken, builds } = await depotHarness()
    builds.refusal = reason
    expect(await refusal(client.createBuild({ projectId }, as(accessToken)))).toEqual([code, reason])
  })

  it('says when there are too many builds, no node, and when a part is away', async () => {
    const { client, as, accessToken, builds } = await depotHarness({ grant: { concurrency: 1 } })
    const ask = () => client.createBuild({ projectId }, as(accessToken))
    builds.down = true
    expect(await refusal(ask())).toEqual(['Unavailable', 'temporarily_unavailable'])
    builds.down = false
    await ask()
    expect(await refusal(ask())).toEqual(['ResourceExhausted', 'too_many_builds'])
    const armed = await depotHarness({ grant: { platforms: ['linux/arm64'] } })
    expect(await refusal(armed.client.createBuild({ projectId }, armed.as(armed.accessToken)))).toEqual([
      'FailedPrecondition',
      'platform_unavailable',
    ])
  })

  it('takes an access token only as long as its relationship stands', async () => {
    const gateway = await depotHarness()
    await putProject(gateway, { eventClass: 'fork_pull_request', repositoryId: '43' } as never)
    const call = gateway.client.createBuild({ projectId }, gateway.as(gateway.accessToken))
    expect(await refusal(call)).toEqual(['Unauthenticated', 'access_token_invalid'])
  })
})

describe('the calls of a build', () => {
  it('say pending with a pause until the builder is ready, then how to reach it', async () => {
    const { client, create, builds } = await depotHarness()
    const { buildId, own } = await create()
    const asked = { buildId, platform: 1 }
    const pending = await client.getBuildKitConnection(asked, own)
    expect(pending.connection).toMatchObject({ case: 'pending', value: { waitMs: 1_000 } })
    const waiting = client.getBuildKitConnection(asked, own)
    await builds.makeReady(buildId)
    const active = (await waiting).connection
    expect(active).toMatchObject({
      case: 'active',
      value: {
        endpoint: 'tcp://builders.example.dev:8443',
        serverName: 'babcdefghijk.builders.example.dev',
        cert: { key: exampleKey },
        caCert: { key: '' },
      },
    })
    expect(builds.connects).toBe(1)
  })

  it('name the reason when there will be no builder', async () => {
    const { client, create, builds } = await depotHarness()
    const { buildId, own } = await create()
    const call = (platform: number) => client.getBuildKitConnection({ buildId, platform }, own)
    expect(await refusal(call(2))).toEqual(['FailedPrecondition', 'platform_unavailable'])
    for (const unknown of [0, 3, -1])
      expect(await refusal(call(unknown))).toEqual(['InvalidArgument', 'invalid_request'])
    builds.show(buildId, { platform: 'linux/amd64', state: 'failed', reason: 'no_capacity' })
    expect(await refusal(call(1))).toEqual(['Unavailable', 'no_capacity'])
    builds.change(buildId, { phase: 'ended', outcome: 'time_up', platforms: [] })
    expect(await refusal(call(1))).toEqual(['FailedPrecondition', 'build_over'])
  })

  it('say in their message why a builder was lost', async () => {
    const { client, create, builds } = await depotHarness()
    const { buildId, own } = await create()
    const said = () =>
      client.getBuildKitConnection({ buildId, platform: 1 }, own).catch((error: Error) => error.message)
    const lost = { reason: 'builder_lost', lossReason: 'out_of_memory' } as const
    builds.show(buildId, { platform: 'linux/amd64', state: 'failed', ...lost, detail: 'killed' })
    expect(await said()).toContain(`${builderLossTexts.out_of_memory}; killed`)
    builds.change(buildId, { phase: 'ended', outcome: 'failed', ...lost, platforms: [] })
    expect(await said()).toContain(`failed, builder_lost, ${builderLossTexts.out_of_memory}`)
  })

  it('refuse a platform that was not granted though a node has it', async () => {
    const { client, create, announce } = await depotHarness()
    announce({ platforms: [{ platform: 'linux/arm64', emulated: true }] })
    announce({ nodeId: 'node-2' as never })
    const { buildId, own } = await create()
    expect(await refusal(client.getBuildKitConnection({ buildId, platform: 2 }, own))).toEqual([
      'PermissionDenied',
      'platform_not_granted',
    ])
  })

  it('take the health of a client for a sign of life, and tell it when its build is over', async () => {
    const { client, create, builds, heartbeats, clock } = await depotHarness()
    const { buildId, own } = await create()
    const health = async () => (await client.reportBuildHealth({ buildId, platform: 1 }, own)).cancelsAt
    expect(await health()).toBeUndefined()
    expect(heartbeats.published).toEqual([buildId])
    builds.change(buildId, { phase: 'ending', outcome: 'run_over' })
    expect(await health()).toBeUndefined()
    clock.advance(5_000)
    const cancelsAt = await health()
    expect(Number(cancelsAt?.seconds) * 1_000).toBeLessThanOrEqual(clock.now())
    expect(builds.queries).toBe(1)
    builds.down = true
    clock.advance(5_000)
    expect(await health()).toBeUndefined()
  })

  it.each([
    [{ case: 'success', value: {} }, 'success'],
    [{ case: 'error', value: {} }, 'error'],
    [{ case: 'canceled', value: {} }, 'canceled'],
    [{ case: undefined }, 'error'],
  ] as const)('finish it with %j as %s, also twice', async (result, expected) => {
    const { client, create, builds } = await depotHarness()
    const { buildId, own } = await create()
    for (let count = 0; count < 2; count++) await client.finishBuild({ buildId, result }, own)
    expect(builds.finished[0]).toEqual([buildId, expected])
  })

  it('give a build to who brings its token instead of making one', async () => {
    const { client, create, builds } = await depotHarness()
    const { buildId, own } = await create()
    expect(await client.getBuild({ buildId }, own)).toMatchObject({ buildId, projectId })
    await builds.makeReady(buildId, 'linux/amd64', true)
    const call = client.getBuildKitConnection({ buildId, platform: 1 }, own)
    expect(await refusal(call)).toEqual(['InvalidArgument', 'invalid_request'])
  })

  it('read progress and drop it', async () => {
    const { client, create, as } = await depotHarness()
    const { own } = await create()
    async function* progress() {
      for (let count = 0; count < 50; count++) yield {}
    }
    await client.reportStatusStream(progress(), own)
    expect((await refusal(client.reportStatusStream(progress(), as('x'))))[0]).toBe('Unauthenticated')
  })

  it.each([undefined, 'x', `fpb_${'A'.repeat(43)}`])('refuse the bearer %j without a look-up', async bearer => {
    const { client, create, as, builds } = await depotHarness()
    const { buildId } = await create()
    const other = as(bearer)
    const calls: Promise<unknown>[] = [
      client.getBuild({ buildId }, other),
      client.getBuildKitConnection({ buildId, platform: 1 }, other),
      client.reportBuildHealth({ buildId }, other),
      client.finishBuild({ buildId }, other),
    ]
    for (const call of calls) expect((await refusal(call))[0]).toBe('Unauthenticated')
    expect([builds.queries, builds.finished]).toEqual([0, []])
  })

  it('say so when the build is not there', async () => {
    const [here, there] = [await depotHarness(), await depotHarness()]
    const { buildId, own } = await here.create()
    const call: Promise<unknown> = there.client.getBuildKitConnection({ buildId, platform: 1 }, own)
    expect(await refusal(call)).toEqual(['FailedPrecondition', 'build_not_found'])
    const { cancelsAt } = await there.client.reportBuildHealth({ buildId }, own)
    expect(cancelsAt).toBeDefined()
  })
})
