import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'
import { GitHubSchemas } from './testing/github-schemas.ts'

const repository = '/repos/{owner}/{repo}'
const documented: Record<string, (run: SampleRun) => string> = {
  [repository]: () => '',
  [`${repository}/actions/runs`]: () => '/actions/runs',
  [`${repository}/actions/runs/{run_id}`]: ({ runId }) => `/actions/runs/${runId}`,
  [`${repository}/actions/runs/{run_id}/attempts/{attempt_number}`]: ({ runId }) => `/actions/runs/${runId}/attempts/1`,
  [`${repository}/actions/runs/{run_id}/jobs`]: ({ runId }) => `/actions/runs/${runId}/jobs?filter=all`,
  [`${repository}/actions/runs/{run_id}/attempts/{attempt_number}/jobs`]: ({ runId }) =>
    `/actions/runs/${runId}/attempts/1/jobs`,
  [`${repository}/actions/runs/{run_id}/artifacts`]: ({ runId }) => `/actions/runs/${runId}/artifacts`,
  [`${repository}/actions/jobs/{job_id}`]: ({ jobId }) => `/actions/jobs/${jobId}`,
  [`${repository}/pulls`]: () => '/pulls?state=all',
  [`${repository}/pulls/{pull_number}`]: () => '/pulls/1',
}

/**
 * Where GitHub itself departs from its document, and we follow GitHub: paths of an answer (numbers of list entries as
 * `*`), each with its reason.
 */
const deviations: Record<string, string> = {
  '/head_repository':
    'null once the fork is deleted (docs/facts/github.md#runs, github/rest-api-description issue 1586)',
  '/workflow_runs/*/head_repository': 'the same in lists',
  '/head/repo': 'null once the fork is deleted (docs/facts/github.md#event-file)',
  '/*/head/repo': 'the same in lists',
}

/** Each state is reached from the one before it. */
const states: [string, (simulator: SimulatorHarness, run: SampleRun) => Promise<unknown>][] = [
  ['a fork run in progress', async () => undefined],
  [
    'a step not yet started',
    (s, { jobId }) => s.control('POST', `/jobs/${jobId}/steps`, { name: 'Later', status: 'queued' }),
  ],
  [
    'an artifact',
    (s, { runId }) => s.control('POST', `/runs/${runId}/artifacts`, { name: 'proof', digest: 'sha256:00' }),
  ],
  ['a queued job', (s, { runId }) => s.control('POST', `/runs/${runId}/jobs`, { name: 'next', status: 'queued' })],
  [
    'a cancelled job',
    (s, { jobId }) => s.control('PATCH', `/jobs/${jobId}`, { status: 'completed', conclusion: 'cancelled' }),
  ],
  [
    'a finished run',
    (s, { runId }) => s.control('PATCH', `/runs/${runId}`, { status: 'completed', conclusion: 'failure' }),
  ],
  [
    'a second attempt',
    (s, { runId }) => s.control('POST', `/runs/${runId}/attempts`, { triggeringActor: 'maintainer' }),
  ],
  [
    'a run awaiting approval',
    (s, { runId }) => s.control('PATCH', `/runs/${runId}`, { status: 'completed', conclusion: 'action_required' }),
  ],
  [
    'a closed draft pull request',
    s => s.control('PATCH', '/repositories/octo-org/app/pulls/1', { state: 'closed', draft: true, body: 'text' }),
  ],
  [
    'a merged pull request with another base',
    s => s.control('PATCH', '/repositories/octo-org/app/pulls/1', { state: 'merged', baseBranch: 'release' }),
  ],
  [
    'a private repository',
    s => s.control('PATCH', '/repositories/octo-org/app', { visibility: 'private', readers: ['reader'] }),
  ],
  ['a deleted fork', s => s.control('DELETE', '/repositories/alice/app')],
]

describe("answers against GitHub's published OpenAPI", () => {
  const schemas = new GitHubSchemas()
  let simulator: SimulatorHarness
  let run: SampleRun
  const reader = { authorization: 'Bearer reads-private' }

  beforeAll(async () => {
    simulator = await openSimulatorHarness({ clock: new FakeClock() })
    run = await createSampleRun(simulator)
    await simulator.control('POST', '/repositories/octo-org/app/pulls', {
      headRepository: 'octo-org/app',
      headBranch: 'own',
    })
    await simulator.control('POST', '/repositories/octo-org/app/runs', { pullRequest: 2 })
    await simulator.control('POST', '/credentials', { name: 'reader', token: 'reads-private', user: 'reader' })
  })
  afterAll(() => simulator.stop())

  async function problemsOf(template: string, path: string): Promise<string[]> {
    const response = await simulator.get(path, reader)
    const validate = schemas.validator(template, response.status)
    if (response.status !== 200 || validate === undefined) return [`${template} answered ${response.status}`]
    if (validate(await response.json())) return []
    return (validate.errors ?? [])
      .filter(error => !isDeviation(error.instancePath))
      .map(error => `${template} ${error.instancePath} ${error.message}`)
  }

  it.each(states)('fit on every route with %s', async (_name, change) => {
    await change(simulator, run)
    const problems: string[] = []
    for (const [template, path] of Object.entries(documented)) {
      problems.push(...(await problemsOf(template, `/repos/octo-org/app${path(run)}`)))
      const byNumber = (await simulator.get('/repos/octo-org/app', reader).then(r => r.json())) as { id: number }
      problems.push(...(await problemsOf(template, `/repositories/${byNumber.id}${path(run)}`)))
    }
    expect(problems).toEqual([])
  })

  it('are really judged: an answer without its number, or with a text for it, does not fit', async () => {
    const validate = schemas.validator(`${repository}/actions/runs/{run_id}`, 200)
    const { id, ...rest } = (await simulator
      .get(`/repos/octo-org/app/actions/runs/${run.runId}`, reader)
      .then(r => r.json())) as { id: number }
    expect([validate?.(rest), validate?.({ ...rest, id: String(id) })]).toEqual([false, false])
  })

  it('fit for an artifact, the pull requests of a commit, the rate limit and the site', async () => {
    const created = await simulator.control('POST', `/runs/${run.runId}/artifacts`, { name: 'other' })
    const pull = (await simulator.get('/repos/octo-org/app/pulls/1', reader).then(r => r.json())) as {
      head: { sha: string }
    }
    const app = '/repos/octo-org/app'
    const problems = [
      ...(await problemsOf(
        `${repository}/actions/artifacts/{artifact_id}`,
        `${app}/actions/artifacts/${created['id']}`,
      )),
      ...(await problemsOf(`${repository}/commits/{commit_sha}/pulls`, `${app}/commits/${pull.head.sha}/pulls`)),
      ...(await problemsOf('/rate_limit', '/rate_limit')),
      ...(await problemsOf('/meta', '/meta')),
    ]
    expect(problems).toEqual([])
  })

  it.each([
    ['404', '/repos/octo-org/none', {}],
    ['404 of a bad number', '/repos/octo-org/app/actions/runs/abc', reader],
    ['401', '/meta', { authorization: 'Bearer unknown' }],
    ['400 of an unknown version', '/meta', { 'x-github-api-version': '1999-01-01' }],
  ])('fit the error document for %s', async (_name, path, headers) => {
    const response = await simulator.get(path, headers as Record<string, string>)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(schemas.errorValidator()(await response.json())).toBe(true)
  })
})

function isDeviation(instancePath: string): boolean {
  const pattern = instancePath.replaceAll(/\/\d+(?=\/)/g, '/*')
  return Object.hasOwn(deviations, pattern)
}
