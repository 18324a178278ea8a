import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobAssignment } from '../runner/runner-port.ts'
import { fakeEndlessRunner } from '../testing/fake-runner.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

describe('the artifact service', () => {
  let simulator: SimulatorHarness
  const assignments: JobAssignment[] = []

  beforeEach(async () => {
    assignments.length = 0
    simulator = await openSimulatorHarness({ runner: fakeEndlessRunner(job => assignments.push(job)) })
    await createSampleRun(simulator)
    const workflow = { jobs: { build: { steps: [{ run: 'true' }] } } }
    for (let count = 0; count < 2; count += 1) {
      await simulator.control('POST', '/workflows', { repository: 'octo-org/app', pullRequest: 1, workflow })
    }
    await expect.poll(() => assignments.length).toBe(2)
  })
  afterEach(() => simulator.stop())

  async function call(method: string, body: object, options: { of?: number; token?: number } = {}): Promise<Response> {
    const token = assignments[options.token ?? 0]?.runtimeToken ?? ''
    const payload = assignments[options.of ?? 0]?.runtimeToken.split('.')[1] ?? ''
    const { scp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { scp: string }
    const [, run, job] = scp.split(':')
    return fetch(`${simulator.base}/twirp/github.actions.results.api.v1.ArtifactService/${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ workflow_run_backend_id: run, workflow_job_run_backend_id: job, ...body }),
    })
  }
  const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code]

  it.each(['', 'a/b', 'a\\b', 'a:b', 'a*', 'a?', 'a|b', 'a"b', '<a>', 'a\nb'])('refuses the name %j', async name => {
    expect(await codeOf(await call('CreateArtifact', { name }))).toEqual([400, 'invalid_argument'])
  })

  it("refuses one run's token for another run", async () => {
    expect(await codeOf(await call('CreateArtifact', { name: 'x' }, { of: 1, token: 0 }))).toEqual([
      403,
      'permission_denied',
    ])
  })

  it('shows nothing of an upload that was not finalized, and finalizes nothing that was not uploaded', async () => {
    await call('CreateArtifact', { name: 'half' })
    expect(await (await call('ListArtifacts', {})).json()).toEqual({ artifacts: [] })
    expect(await codeOf(await call('FinalizeArtifact', { name: 'half', size: '1' }))).toEqual([
      412,
      'failed_precondition',
    ])
  })

  it.each(['FinalizeArtifact', 'DeleteArtifact', 'GetSignedArtifactURL'])('knows no artifact for %s', async method => {
    expect(await codeOf(await call(method, { name: 'none' }))).toEqual([404, 'not_found'])
  })

  it.each(['Unheard', 'constructor', '__proto__'])('has no method %s', async method => {
    expect(await codeOf(await call(method, { name: 'x' }))).toEqual([404, 'bad_route'])
  })

  it('answers a body that is no JSON with 400', async () => {
    const response = await fetch(
      `${simulator.base}/twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${assignments[0]?.runtimeToken}`, 'content-type': 'application/json' },
        body: '{"workflow_run',
      },
    )
    expect(await codeOf(response)).toEqual([400, 'invalid_argument'])
  })

  it('takes a whole blob at once and a read signature for nothing else', async () => {
    const created = (await (await call('CreateArtifact', { name: 'whole' })).json()) as { signed_upload_url: string }
    const put = (headers: Record<string, string>, url = created.signed_upload_url) =>
      fetch(url, { method: 'PUT', body: 'content', headers })
    expect((await put({})).status).toBe(400)
    expect(
      (await put({ 'x-ms-blob-type': 'BlockBlob' }, created.signed_upload_url.replace('sp=w', 'sp=r'))).status,
    ).toBe(403)
    expect((await put({ 'x-ms-blob-type': 'BlockBlob', 'x-ms-blob-content-type': 'text/plain' })).status).toBe(201)
    expect((await fetch(created.signed_upload_url)).status).toBe(403)
    await call('FinalizeArtifact', { name: 'whole', size: '7' })
    const { signed_url } = (await (await call('GetSignedArtifactURL', { name: 'whole' })).json()) as {
      signed_url: string
    }
    const read = await fetch(signed_url)
    expect([await read.text(), read.headers.get('content-type')]).toEqual(['content', 'text/plain'])
    expect((await put({ 'x-ms-blob-type': 'BlockBlob' }, signed_url)).status).toBe(403)
  })

  it('commits no list with a block that was never put', async () => {
    const created = (await (await call('CreateArtifact', { name: 'blocks' })).json()) as { signed_upload_url: string }
    const url = `${created.signed_upload_url}&comp=blocklist`
    const body = '<?xml version="1.0"?><BlockList><Latest>bm9uZQ==</Latest></BlockList>'
    expect((await fetch(url, { method: 'PUT', body })).status).toBe(400)
  })
})
