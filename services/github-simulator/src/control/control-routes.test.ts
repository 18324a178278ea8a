import { once } from 'node:events'
import http from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'

describe('the control API', () => {
  let simulator: SimulatorHarness
  let run: SampleRun
  beforeEach(async () => {
    simulator = await openSimulatorHarness()
    run = await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  it.each([
    ['POST', '/users', { login: '..' }, 400],
    ['POST', '/users', { login: 'octo-org' }, 409],
    ['POST', '/users', { login: 'x', unheardOf: 1 }, 400],
    ['POST', '/repositories', { owner: 'o', name: '..' }, 400],
    ['POST', '/repositories', { owner: 'OCTO-ORG', name: 'APP' }, 409],
    ['POST', '/repositories', { owner: 'o', name: 'r', id: 2 ** 53 }, 400],
    ['POST', '/repositories/octo-org/none/forks', { owner: 'x' }, 404],
    ['POST', '/repositories/octo-org/app/forks', { owner: 'alice' }, 409],
    ['POST', '/repositories/octo-org/app/pulls', { headRepository: 'no/where' }, 404],
    ['POST', '/repositories/octo-org/app/pulls', { headRepository: 'alice/app', number: 1 }, 409],
    ['POST', '/repositories/octo-org/app/pulls', { headRepository: 'alice/app', headSha: 'main' }, 400],
    ['POST', '/repositories/octo-org/app/runs', { pullRequest: 9 }, 404],
    ['POST', '/repositories/octo-org/app/runs', { status: 'sleeping' }, 400],
    ['PATCH', '/repositories/alice/app', { owner: 'octo-org' }, 409],
    ['GET', '/runs/1', undefined, 404],
    ['GET', '/runs/abc', undefined, 400],
    ['PATCH', '/jobs/1', {}, 404],
    ['POST', '/workflows', { repository: 'no/where', workflow: { jobs: { a: { steps: [{ run: 'x' }] } } } }, 404],
    ['POST', '/credentials', { name: 'x' }, 422],
    ['POST', '/credentials', { name: 'tests', token: 'x' }, 409],
    ['GET', '/unheard-of', undefined, 404],
  ])('refuses %s %s %j with %s', async (method, path, body, status) => {
    const response = await simulator.rawControl(method, path, body)
    expect([response.status, await response.json()]).toMatchObject([status, {}])
  })

  it('answers problems as RFC 9457 says, with what is wrong where', async () => {
    const response = await simulator.rawControl('POST', '/users', { login: 3 })
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({ status: 400, errors: [{ path: '/login' }] })
  })

  it('refuses broken JSON with 400 and huge bodies with 413', async () => {
    const send = (body: string) =>
      fetch(`${simulator.base}/_sim/users`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect([(await send('{"login"')).status, (await send(`"${'x'.repeat(2 ** 21)}"`)).status]).toEqual([400, 413])
  })

  it.each(['GET', 'HEAD'])('is not there for %s on addresses with a name that is too long', async method => {
    const response = await fetch(`${simulator.base}/_sim/repositories/${'x'.repeat(400)}/app`, { method })
    expect(response.status).toBe(400)
  })

  it.each([{ origin: 'http://evil.example' }, { host: 'evil.example' }, { host: '127.0.0.1.evil.example' }])(
    'does not serve what pages of a browser could send: %j',
    async headers => {
      const { port } = simulator.state.origin
      const request = http.request({ host: '127.0.0.1', port, path: '/_sim/dials', headers }).end()
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      response.resume()
      expect(response.statusCode).toBe(403)
    },
  )

  it('takes ids that are asked for once, and never gives them out again', async () => {
    const wanted = { owner: 'o', name: 'r', id: 715_000_002 }
    expect(await simulator.control('POST', '/repositories', wanted)).toMatchObject({ id: wanted.id })
    expect((await simulator.rawControl('POST', '/repositories', { ...wanted, name: 's' })).status).toBe(409)
    expect((await simulator.control('POST', '/repositories', { owner: 'o', name: 't' }))['id']).not.toBe(wanted.id)
  })

  it('describes what it offers, each operation with a summary', async () => {
    const response = await fetch(`${simulator.base}/_sim/openapi.json`)
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, { summary?: string }>> }
    const operations = Object.values(paths).flatMap(methods => Object.values(methods))
    expect(operations.filter(({ summary }) => summary === undefined)).toEqual([])
    expect(Object.keys(paths).filter(path => !path.startsWith('/_sim/'))).toEqual([])
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/_sim/workflows', '/_sim/dials', '/_sim/requests', '/_sim/runs/{id}/events']),
    )
  })

  it('moves a run through all that can happen to it', async () => {
    await simulator.control('PATCH', `/jobs/${run.jobId}/steps/2`, { status: 'completed', conclusion: 'failure' })
    await simulator.control('PATCH', `/jobs/${run.jobId}`, { status: 'completed', conclusion: 'failure' })
    const done = await simulator.control('PATCH', `/runs/${run.runId}`, { status: 'completed', conclusion: 'failure' })
    expect(done).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      jobs: [{ conclusion: 'failure', steps: [{ number: 1 }, { number: 2, conclusion: 'failure' }] }],
    })
    const undone = await simulator.control('PATCH', `/runs/${run.runId}`, { status: 'in_progress' })
    expect(undone).toMatchObject({ status: 'in_progress', conclusion: null })
  })

  it('gives all lines with their step and its name', async () => {
    await simulator.control('POST', `/jobs/${run.jobId}/log`, { step: 2, lines: ['hello'] })
    const log = await simulator.control('GET', `/runs/${run.runId}/log`)
    expect(log['lines']).toMatchObject([{ jobName: 'build', step: 2, stepName: 'Run the proof', line: 'hello' }])
  })

  it('streams what happened and what happens, from where the reader left off', async () => {
    const abort = new AbortController()
    const url = `${simulator.base}/_sim/runs/${run.runId}/events`
    const response = await fetch(url, { signal: abort.signal, headers: { 'last-event-id': '1' } })
    await simulator.control('POST', `/jobs/${run.jobId}/log`, { step: 2, lines: ['live'] })
    await simulator.control('PATCH', `/jobs/${run.jobId}/steps/2`, { name: 'proof abc' })
    await simulator.control('PATCH', `/runs/${run.runId}`, { status: 'completed' })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.includes('run-completed')) break
    }
    abort.abort()
    const types = [...text.matchAll(/^event: (.+)$/gm)].map(match => match[1])
    expect(types).toEqual(['step-started', 'log', 'step-renamed', 'job-completed', 'run-completed'])
  })

  it('tells nothing secret about credentials', async () => {
    await simulator.control('POST', '/credentials', {
      name: 'c',
      token: 'very-secret',
      basic: { username: 'u', password: 'pass-word' },
    })
    const text = await (await simulator.rawControl('GET', '/credentials')).text()
    expect(text).not.toMatch(/very-secret|pass-word/)
    await simulator.control('DELETE', '/credentials/c')
    expect((await simulator.get('/meta', { authorization: 'Bearer very-secret' })).status).toBe(401)
  })
})
