import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GitHubSchemas } from '../rest/testing/github-schemas.ts'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'

const schemas = new GitHubSchemas()
const secret = 'hook-secret'

interface Received {
  headers: http.IncomingHttpHeaders
  text: string
  body: Record<string, unknown> & { action?: string }
}

describe('webhooks', () => {
  const clock = new FakeClock()
  let simulator: SimulatorHarness
  let run: SampleRun
  let receiver: http.Server
  let received: Received[]
  let answer: number
  beforeEach(async () => {
    received = []
    answer = 202
    receiver = http.createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        received.push({ headers: request.headers, text, body: JSON.parse(text) })
        response.writeHead(answer).end()
      })
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    simulator = await openSimulatorHarness({ clock })
    run = await createSampleRun(simulator)
  })
  afterEach(async () => {
    await simulator.stop()
    receiver.close()
  })

  const url = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  const add = async (more: object = {}) =>
    Number((await simulator.control('POST', '/webhooks', { url: url(), secret, ...more }))['id'])
  const names = () => received.map(({ headers, body }) => [headers['x-github-event'], body.action])
  const seen = (...expected: [string, string | undefined][]) =>
    expect.poll(() => names().toSorted()).toEqual(expected.toSorted())
  const ping = ['ping', undefined] as [string, undefined]
  const deliveries = async (id: number) =>
    (await (await simulator.rawControl('GET', `/webhooks/${id}/deliveries`)).json()) as {
      id: string
      event: string
      state: string
      status: number | null
    }[]
  const finishJob = () => simulator.control('PATCH', `/jobs/${run.jobId}`, { status: 'completed' })
  const patchPull = (patch: object) => simulator.control('PATCH', '/repositories/octo-org/app/pulls/1', patch)

  it.each([{ url: 'https://example.com/' }, { url: 'no address' }, { events: ['push'] }, { app: 1 }])(
    'are not sent to %j',
    async more => {
      const body = { url: url(), ...more }
      expect([400, 404, 422]).toContain((await simulator.rawControl('POST', '/webhooks', body)).status)
    },
  )

  it('carry the headers of GitHub, and signatures of exactly their body', async () => {
    const id = await add()
    await seen(ping)
    const { headers, text } = received[0] as Received
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
      'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-github-hook-id': String(id),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
    })
  })

  it('are not signed without a secret', async () => {
    await simulator.control('POST', '/webhooks', { url: url() })
    await seen(ping)
    expect(received[0]?.headers['x-hub-signature-256']).toBeUndefined()
  })

  it('tell of a run from its request to its end', async () => {
    await add()
    const made = await simulator.control('POST', '/repositories/octo-org/app/runs', {
      pullRequest: 1,
      status: 'queued',
      jobs: [{ name: 'a' }],
    })
    const { id } = (made['jobs'] as { id: number }[])[0] ?? { id: 0 }
    const of = (status: string) => simulator.control('PATCH', `/jobs/${id}`, { status })
    await of('waiting')
    await of('pending')
    await of('in_progress')
    await of('completed')
    await seen(
      ping,
      ['workflow_run', 'requested'],
      ['workflow_job', 'queued'],
      ['workflow_job', 'waiting'],
      ['workflow_job', 'in_progress'],
      ['workflow_run', 'in_progress'],
      ['workflow_job', 'completed'],
      ['workflow_run', 'completed'],
    )
  })

  it('do not say requested for a re-run', async () => {
    await add({ events: ['workflow_run'] })
    await simulator.control('POST', `/runs/${run.runId}/attempts`, { jobs: [{ name: 'b', status: 'queued' }] })
    await seen(ping, ['workflow_run', 'completed'])
  })

  it('tell what happens to a pull request, an association apart', async () => {
    await add({ events: ['pull_request'] })
    await patchPull({ authorAssociation: 'MEMBER' })
    await patchPull({ baseBranch: 'release', title: 'New' })
    await patchPull({ headSha: 'a'.repeat(40) })
    await patchPull({ state: 'merged' })
    await patchPull({ state: 'open' })
    await seen(
      ping,
      ['pull_request', 'edited'],
      ['pull_request', 'synchronize'],
      ['pull_request', 'closed'],
      ['pull_request', 'reopened'],
    )
    const edited = received.find(({ body }) => body.action === 'edited')
    expect(edited?.body['changes']).toMatchObject({
      base: { ref: { from: 'main' } },
      title: { from: expect.any(String) },
    })
    expect(received.find(({ body }) => body.action === 'closed')?.body).toMatchObject({
      pull_request: { merged: true },
    })
  })

  it("have bodies that fit GitHub's published document", async () => {
    await add()
    await simulator.control('POST', '/repositories/octo-org/app/pulls', {
      headRepository: 'alice/app',
      headBranch: 'b',
    })
    const jobs = [{ name: 'a', status: 'queued' }]
    const made = await simulator.control('POST', '/repositories/octo-org/app/runs', { pullRequest: 1, jobs })
    const { id } = (made['jobs'] as { id: number }[])[0] ?? { id: 0 }
    for (const status of ['waiting', 'in_progress', 'completed']) {
      await simulator.control('PATCH', `/jobs/${id}`, { status })
    }
    await patchPull({ baseBranch: 'release' })
    await patchPull({ headSha: 'b'.repeat(40) })
    await patchPull({ state: 'closed' })
    await patchPull({ state: 'open' })
    await expect.poll(() => received.length).toBe(12)
    for (const { headers, body } of received) {
      const name = [headers['x-github-event'], body.action].filter(Boolean).join('-').replaceAll('_', '-')
      const validate = schemas.webhookValidator(name)
      validate(body)
      expect([name, validate.errors]).toEqual([name, null])
    }
  })

  it('go to where their repository or App is, and nowhere else', async () => {
    await simulator.control('POST', '/apps', { id: 7 })
    const { id } = await simulator.control('POST', '/apps/7/installations', { account: 'alice' })
    await add({ repository: 'alice/app', events: ['workflow_job'] })
    await add({ app: 7, events: ['workflow_job'] })
    await finishJob()
    const jobs = [{ name: 'a', status: 'queued' }]
    await simulator.control('POST', '/repositories/alice/app/runs', { jobs })
    await seen(ping, ping, ['workflow_job', 'queued'], ['workflow_job', 'queued'])
    expect(received.flatMap(({ body }) => body['installation'] ?? [])).toMatchObject([{ id }])
    await simulator.control('PATCH', `/installations/${id}`, { isSuspended: true })
    await simulator.control('POST', '/repositories/alice/app/runs', { jobs })
    await seen(ping, ping, ...Array.from({ length: 3 }, () => ['workflow_job', 'queued'] as [string, string]))
  })

  it('are not repeated when they fail, and can be delivered again under the same id', async () => {
    answer = 500
    const id = await add({ events: ['workflow_job'] })
    await finishJob()
    await expect.poll(() => deliveries(id)).toMatchObject([{ state: 'failed' }, { state: 'failed', status: 500 }])
    answer = 202
    const [, failed] = await deliveries(id)
    await simulator.control('POST', `/webhooks/${id}/deliveries/${failed?.id}/redeliver`)
    await expect.poll(() => received.length).toBe(3)
    const [, first, second] = received
    expect([second?.text, second?.headers['x-github-delivery']]).toEqual([
      first?.text,
      first?.headers['x-github-delivery'],
    ])
  })

  it('can be lost or late', async () => {
    await simulator.control('PUT', '/dials', { webhookDropRate: 1 })
    const id = await add()
    expect(await deliveries(id)).toMatchObject([{ state: 'dropped' }])
    await simulator.control('PUT', '/dials', { webhookDropRate: 0, webhookDelayMs: 5_000 })
    await finishJob()
    expect(received).toEqual([])
    clock.advance(5_000)
    await seen(['workflow_job', 'completed'], ['workflow_run', 'completed'])
  })

  it('wait in a bounded line: what is too much is dropped', async () => {
    await simulator.control('PUT', '/dials', { webhookDelayMs: 1_000 })
    const id = await add({ events: ['pull_request'] })
    for (let index = 0; index < 500; index += 1)
      await patchPull({ title: `t ${index}`, headSha: `${index}`.padStart(40, '0') })
    const states = (await deliveries(id)).map(({ state }) => state)
    expect([states.filter(state => state === 'waiting').length, states.at(-1)]).toEqual([999, 'dropped'])
  })

  it('are known without their secrets and stop when they are forgotten', async () => {
    const id = await add()
    await seen(ping)
    expect(await (await simulator.rawControl('GET', '/webhooks')).text()).not.toContain(secret)
    await simulator.control('DELETE', `/webhooks/${id}`)
    await finishJob()
    expect((await simulator.rawControl('GET', `/webhooks/${id}/deliveries`)).status).toBe(404)
    expect(received.length).toBe(1)
  })
})
