import { builderLossReasons } from '@forkproof/contracts/builder'
import type { BuildId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { buildsHarness } from '../testing/builds-harness.ts'
import { exampleKey } from '../testing/fake-builds.ts'

const otherToken = `fpb_${'A'.repeat(43)}`
const until = async (isSo: () => boolean) => {
  for (let turn = 0; turn < 10_000 && !isSo(); turn++) await new Promise(resolve => setImmediate(resolve))
  expect(isSo()).toBe(true)
}

describe('GET /v1/builds/{id}', () => {
  it('shows how to reach a ready builder, with the key that was sealed to the token', async () => {
    const { started, builds, ask } = await buildsHarness()
    const { buildId, buildToken } = await started()
    await builds.makeReady(buildId)
    const answer = await ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })
    expect(answer.statusCode).toBe(200)
    const [platform] = answer.json().platforms
    expect(platform).toMatchObject({
      platform: 'linux/amd64',
      state: 'ready',
      endpoint: 'tcp://builders.example.dev:8443',
      serverName: 'babcdefghijk.builders.example.dev',
      clientKey: exampleKey,
      emulated: false,
      timings: { warm: true, leaseMs: 3 },
    })
    expect(answer.body).not.toContain('sealedClientKey')
  })

  it('shows no key of a client that brought a certificate request', async () => {
    const { started, builds, ask } = await buildsHarness()
    const { buildId, buildToken } = await started()
    await builds.makeReady(buildId, 'linux/amd64', true)
    const [platform] = (await ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })).json().platforms
    expect(platform.state).toBe('ready')
    expect(platform).not.toHaveProperty('clientKey')
  })

  it('shows the place in the queue, failures and receipts', async () => {
    const { started, builds, ask } = await buildsHarness()
    const { buildId, buildToken } = await started()
    const shown = async () => (await ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })).json().platforms[0]
    const platform = 'linux/amd64'
    const queued = { platform, state: 'queued', position: 3, estimateSeconds: 40 } as const
    builds.show(buildId, queued)
    expect(await shown()).toEqual(queued)
    const failed = { platform, state: 'failed', reason: 'no_capacity', detail: 'full' } as const
    builds.show(buildId, failed)
    expect(await shown()).toEqual(failed)
    const receipt = { builderId: 'babcdefghijk', nodeId: 'node-1', driver: 'process', createdAtMs: 1, destroyedAtMs: 2 }
    const destroyed = { ...receipt, teardownMs: 1, during: { process: 2 }, leftovers: [] }
    builds.show(buildId, { platform, state: 'destroyed', reason: 'finished', receipt: destroyed } as never)
    expect(await shown()).toEqual({ platform, state: 'destroyed', reason: 'finished', receipt: destroyed })
  })

  it('tells why a builder was lost, of the platform and of the build, polled and followed', async () => {
    const { started, builds, ask } = await buildsHarness()
    const { buildId, buildToken } = await started()
    const failed = {
      platform: 'linux/amd64',
      state: 'failed',
      reason: 'builder_lost',
      lossReason: 'out_of_memory',
    } as const
    builds.show(buildId, failed)
    const end = { phase: 'ended', outcome: 'failed', reason: 'builder_lost', lossReason: 'out_of_memory' } as const
    builds.change(buildId, end)
    const url = `/v1/builds/${buildId}`
    const answer = (await ask('GET', url, { bearer: buildToken })).json()
    expect(answer).toMatchObject({ ...end, platforms: [failed] })
    const followed = await ask('GET', url, { bearer: buildToken, headers: { accept: 'text/event-stream' } })
    expect(JSON.parse(/^data: (.*)$/m.exec(followed.body)?.[1] ?? '')).toEqual(answer)
  })

  it('describes the reasons for a loss in the OpenAPI document', async () => {
    const { app } = await buildsHarness()
    const document = (await app.inject({ url: '/openapi.json' })).json()
    const { schema } = document.paths['/v1/builds/{id}'].get.responses['200'].content['application/json']
    expect(schema.properties.lossReason.enum).toEqual(builderLossReasons)
    expect(JSON.stringify(schema.properties.platforms)).toContain('"lossReason"')
  })

  it.each([undefined, '', 'x', 'fpb_', otherToken, `fpt_${'A'.repeat(43)}`, `fpa_${'A'.repeat(46)}`])(
    'refuses the bearer %j without a look-up, on every route of a build',
    async bearer => {
      const gateway = await buildsHarness()
      const { buildId } = await gateway.started()
      const queries = gateway.builds.queries
      for (const [method, path] of routes) {
        const body = path === '/finish' ? { body: { result: 'success' } } : {}
        const answer = await gateway.ask(method, `/v1/builds/${buildId}${path}`, { ...body, ...(bearer && { bearer }) })
        expect([answer.statusCode, answer.json().code]).toEqual([401, 'build_token_invalid'])
      }
      expect(gateway.builds.queries).toBe(queries)
      expect(gateway.builds.finished).toEqual([])
      expect(gateway.heartbeats.published).toEqual([])
    },
  )

  it('refuses the token of one build at another', async () => {
    const { started, ask } = await buildsHarness()
    const [one, other] = [await started(), await started()]
    const answer = await ask('GET', `/v1/builds/${one.buildId}`, { bearer: other.buildToken })
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'build_token_invalid'])
  })

  it('knows nothing of a build that never was, and says 503 while Temporal is away', async () => {
    const { started, ask, builds } = await buildsHarness()
    const never = await buildsHarness()
    const { buildId, buildToken } = await started()
    const foreign = await never.ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })
    expect([foreign.statusCode, foreign.json().code]).toEqual([404, 'build_not_found'])
    builds.down = true
    expect((await ask('GET', `/v1/builds/${buildId}`, { bearer: buildToken })).statusCode).toBe(503)
  })

  it.each(['-1', '1.5', 'x', '1e400', ''])('refuses the version %j', async version => {
    const { started, ask } = await buildsHarness()
    const { buildId, buildToken } = await started()
    const answer = await ask('GET', `/v1/builds/${buildId}?version=${version}`, { bearer: buildToken })
    expect(version === '' ? 200 : 400).toBe(answer.statusCode)
  })

  it('holds a question for the next state until there is one, and answers the old one after its time', async () => {
    const { started, ask, builds } = await buildsHarness({ settings: { buildHoldMs: 20_000 } })
    const { buildId, buildToken } = await started()
    const asked = ask('GET', `/v1/builds/${buildId}?version=2`, { bearer: buildToken })
    await until(() => builds.waits === 1)
    await builds.makeReady(buildId)
    expect((await asked).json()).toMatchObject({ version: 3, platforms: [{ state: 'ready' }] })
    const brief = await buildsHarness({ settings: { buildHoldMs: 20 } })
    const second = await brief.started()
    const answer = await brief.ask('GET', `/v1/builds/${second.buildId}?version=2`, { bearer: second.buildToken })
    expect(answer.json()).toMatchObject({ version: 2 })
  })

  it('answers at once for a version that is past, not there yet, or of a build that ended', async () => {
    const { started, ask, builds } = await buildsHarness({ settings: { buildHoldMs: 20_000 } })
    const { buildId, buildToken } = await started()
    const version = async (known: number) =>
      (await ask('GET', `/v1/builds/${buildId}?version=${known}`, { bearer: buildToken })).json().version
    expect([await version(1), await version(0), await version(99)]).toEqual([2, 2, 2])
    builds.change(buildId, { phase: 'ended', outcome: 'success' })
    await version(0)
    expect(await version(3)).toBe(3)
    const queries = builds.queries
    for (let count = 0; count < 10; count++) await version(0)
    expect(builds.queries).toBe(queries)
  })

  it('makes one wait of a hundred questions, whoever asks and leaves', async () => {
    const { started, ask, builds } = await buildsHarness({ settings: { buildHoldMs: 20 } })
    const { buildId, buildToken } = await started()
    const ask10 = () =>
      Promise.all(
        Array.from({ length: 10 }, () => ask('GET', `/v1/builds/${buildId}?version=2`, { bearer: buildToken })),
      )
    for (let round = 0; round < 10; round++) {
      for (const answer of await ask10()) expect(answer.statusCode).toBe(200)
    }
    expect(builds.waits).toBe(1)
  })

  it('holds no more questions than there is room for', async () => {
    const { started, ask, builds } = await buildsHarness({ settings: { buildHoldMs: 20_000, heldPerAddressMax: 1 } })
    const { buildId, buildToken } = await started()
    const held = ask('GET', `/v1/builds/${buildId}?version=2`, { bearer: buildToken })
    await until(() => builds.waits === 1)
    const answer = await ask('GET', `/v1/builds/${buildId}?version=2`, { bearer: buildToken })
    expect(answer.json().code).toBe('rate_limited')
    builds.change(buildId, {})
    expect((await held).statusCode).toBe(200)
  })
})

const routes = [
  ['GET', ''],
  ['GET', '?version=1'],
  ['DELETE', ''],
  ['POST', '/health'],
  ['POST', '/finish'],
] as const

describe('what a client says of its build', () => {
  it.each(['success', 'error', 'canceled'])('finishes it as %s, as often as it is said', async result => {
    const { started, ask, builds } = await buildsHarness()
    const { buildId, buildToken } = await started()
    for (let count = 0; count < 2; count++) {
      const answer = await ask('POST', `/v1/builds/${buildId}/finish`, { bearer: buildToken, body: { result } })
      expect([answer.statusCode, answer.body]).toEqual([204, ''])
    }
    expect(builds.finished[0]).toEqual([buildId, result])
  })

  it.each([{}, { result: 'done' }, { result: 'client_gone' }, { result: 'success', more: 1 }, []])(
    'refuses to finish it with %j',
    async body => {
      const { started, ask, builds } = await buildsHarness()
      const { buildId, buildToken } = await started()
      const answer = await ask('POST', `/v1/builds/${buildId}/finish`, { bearer: buildToken, body })
      expect(answer.statusCode).toBe(400)
      expect(builds.finished).toEqual([])
    },
  )

  it('cancels it, with or without a body', async () => {
    const { started, ask, builds } = await buildsHarness()
    const { buildId, buildToken } = await started()
    expect((await ask('DELETE', `/v1/builds/${buildId}`, { bearer: buildToken })).statusCode).toBe(204)
    expect((await ask('DELETE', `/v1/builds/${buildId}`, { bearer: buildToken, body: {} })).statusCode).toBe(204)
    expect(builds.finished[0]).toEqual([buildId, 'canceled'])
  })

  it('passes its heartbeats on, also while Temporal is away, but no more than a node can use', async () => {
    const { started, ask, builds, heartbeats, clock } = await buildsHarness()
    const { buildId, buildToken } = await started()
    builds.down = true
    const alive = () => ask('POST', `/v1/builds/${buildId}/health`, { bearer: buildToken })
    for (let count = 0; count < 30; count++) expect((await alive()).statusCode).toBe(204)
    expect(heartbeats.published).toEqual(Array<BuildId>(10).fill(buildId))
    clock.advance(1_000)
    await alive()
    expect(heartbeats.published).toHaveLength(11)
  })

  it('tells a client that its build is over, with one query in five seconds at most', async () => {
    const { started, ask, builds, heartbeats, clock } = await buildsHarness()
    const { buildId, buildToken } = await started()
    builds.change(buildId, { phase: 'ending', outcome: 'run_over' })
    const alive = () => ask('POST', `/v1/builds/${buildId}/health`, { bearer: buildToken })
    for (let count = 0; count < 5; count++) expect((await alive()).statusCode).toBe(204)
    expect(builds.queries).toBe(0)
    clock.advance(5_000)
    await alive()
    await until(() => builds.queries === 1)
    const answer = await alive()
    expect([answer.statusCode, answer.json().outcome]).toEqual([200, 'run_over'])
    expect(Date.parse(answer.json().cancelsAt)).toBeLessThanOrEqual(clock.now())
    expect(heartbeats.published).toHaveLength(6)
  })
})
