import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobAssignment } from '../runner/runner-port.ts'
import { fakeEndlessRunner } from '../testing/fake-runner.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

describe("the simulated issuer of GitHub's own tokens", () => {
  let simulator: SimulatorHarness
  let assignments: JobAssignment[]

  beforeEach(async () => {
    assignments = []
    simulator = await openSimulatorHarness({ runner: fakeEndlessRunner(job => assignments.push(job)) })
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  async function assignmentOf(
    order: object,
    permissions: Record<string, string> = { 'id-token': 'write' },
    job: object = {},
  ) {
    const workflow = { permissions, jobs: { build: { steps: [{ run: 'true' }], ...job } } }
    await simulator.control('POST', '/workflows', { repository: 'octo-org/app', workflow, ...order })
    await expect.poll(() => assignments.length).toBe(1)
    return assignments[0]?.idTokenRequest
  }
  const ask = (url: string, token: string) => fetch(url, { headers: { authorization: `Bearer ${token}` } })

  it('signs what a trusted job asks for, and discovery leads to the key', async () => {
    const request = await assignmentOf({ event: 'push' })
    const response = await ask(`${request?.url}&audience=https://sts.example.dev`, request?.token ?? '')
    const { value } = (await response.json()) as { value: string }
    const issuer = `${simulator.base}/oidc`
    const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as { jwks_uri: string }
    const keys = createRemoteJWKSet(new URL(discovery.jwks_uri))
    const { payload } = await jwtVerify(value, keys, { issuer, audience: 'https://sts.example.dev' })
    expect(decodeProtectedHeader(value)).toMatchObject({ alg: 'RS256', typ: 'JWT' })
    expect(payload).toMatchObject({
      repository: 'octo-org/app',
      repository_id: expect.stringMatching(/^\d+$/),
      event_name: 'push',
      ref: 'refs/heads/main',
      workflow_ref: expect.stringMatching(/^octo-org\/app\/\.github\/workflows\/.+@refs\/heads\/main$/),
      run_id: expect.stringMatching(/^\d+$/),
      run_attempt: '1',
      runner_environment: 'github-hosted',
      sub: expect.stringMatching(/^repo:octo-org@\d+\/app@\d+:ref:refs\/heads\/main$/),
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
  })

  it("names the repository's owner as the audience when none is asked for", async () => {
    const request = await assignmentOf({ event: 'push' })
    const { value } = (await (await ask(request?.url ?? '', request?.token ?? '')).json()) as { value: string }
    const payload = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as { aud: string }
    expect(payload.aud).toBe('https://github.com/octo-org')
  })

  it("gives a fork's job no way to ask and no secrets, whatever the workflow says", async () => {
    expect(await assignmentOf({ pullRequest: 1, secrets: { KEY: 'value' } })).toBeUndefined()
    expect(assignments[0]?.secrets).toEqual({})
  })

  it('gives a job without the permission no way to ask, but its secrets', async () => {
    expect(await assignmentOf({ event: 'push', secrets: { KEY: 'value' } }, { contents: 'read' })).toBeUndefined()
    expect(assignments[0]?.secrets).toEqual({ KEY: 'value' })
  })

  it.each([
    ['may ask with', { 'id-token': 'write' }, true],
    ['may not ask with', { contents: 'read' }, false],
    ['may not ask with', {}, false],
  ])('a job %s permissions %j of its own, whatever the workflow has', async (_, permissions, may) => {
    const workflow: Record<string, string> = may ? {} : { 'id-token': 'write' }
    expect((await assignmentOf({ event: 'push' }, workflow, { permissions })) !== undefined).toBe(may)
  })

  it.each([
    ['nothing', () => ''],
    ['a made-up token', () => 'e30.e30.x'],
    ["the job's token for artifacts", () => assignments[0]?.runtimeToken ?? ''],
  ])('answers 401 to %s', async (_name, token) => {
    const request = await assignmentOf({ event: 'push' })
    expect((await ask(request?.url ?? '', token())).status).toBe(401)
  })

  it('answers 401 once the job is over, and 400 to an empty audience', async () => {
    const request = await assignmentOf({ event: 'push' })
    expect((await ask(`${request?.url}&audience=`, request?.token ?? '')).status).toBe(400)
    await simulator.workflows.stop()
    expect((await ask(request?.url ?? '', request?.token ?? '')).status).toBe(401)
  })
})
