import { readFile } from 'node:fs/promises'
import { UnsecuredJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type AssumptionId, assumptionIds, assumptions } from './assumptions.ts'
import { GithubReader } from './github-reader.ts'
import { doctorReport, reportText } from './report.ts'
import { type DoctorRun, doctorCode, runChecks } from './run-checks.ts'
import { type FakeGithubRoutes, startFakeGithub } from './testing/fake-github.ts'

const code = doctorCode('2', 'a'.repeat(32))
const run: DoctorRun = {
  ...{ repository: 'acme/widgets', runId: '4711', attempt: '2', fork: true },
  ...{ runnerName: 'runner-1', jobId: '99', code },
}
const startedAt = '2026-11-01T10:00:00Z'
const older = { name: doctorCode('1', 'b'.repeat(32)), created_at: '2026-11-01T09:00:00Z' }
const ours = { name: code, created_at: '2026-11-01T10:01:00Z' }
const job = {
  ...{ id: 99, run_id: 4711, run_attempt: 2, status: 'in_progress', runner_name: 'runner-1' },
  steps: [{ name: `proof ${code}`, status: 'in_progress' }],
}
const claims = {
  ...{ run_id: '4711', run_attempt: '2', repository_id: '1', repository_owner_id: '2', actor_id: '3' },
  ...{ ref: 'refs/heads/main', workflow_ref: 'acme/widgets/.github/workflows/doctor.yml@refs/heads/main' },
}
const paths = {
  repository: '/repos/acme/widgets',
  run: '/repos/acme/widgets/actions/runs/4711',
  artifacts: '/repos/acme/widgets/actions/runs/4711/artifacts',
  job: '/repos/acme/widgets/actions/jobs/99',
}
const budget = { 'x-ratelimit-used': '7', etag: '"1"' }
const asExpected: FakeGithubRoutes = {
  [paths.repository]: request =>
    request.headers['if-none-match'] === '"1"' ? { status: 304, headers: budget } : { body: {}, headers: budget },
  [paths.run]: () => ({ body: { status: 'queued', run_started_at: startedAt } }),
  [paths.artifacts]: () => ({ body: { artifacts: [ours, older] } }),
  [paths.job]: () => ({ body: job }),
}

let close: (() => void) | undefined
afterEach(() => close?.())

/** A clock on which a pause takes no time. */
function quickClock() {
  let nowMs = Date.now()
  return {
    now: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms
    },
  }
}

async function examine(bent: FakeGithubRoutes = {}, changes: Partial<DoctorRun> = {}, token: object | null = claims) {
  const clock = quickClock()
  const fake = await startFakeGithub({ ...asExpected, ...bent }, clock.now)
  close = fake.close
  const deadline = AbortSignal.timeout(20_000)
  const github = new GithubReader({ apiUrl: fake.apiUrl, token: 'ghs_secret' }, clock, deadline)
  const nativeToken = async () => (token === null ? undefined : new UnsecuredJWT({ ...token }).encode())
  const examined = { ...run, ...changes }
  const findings = await runChecks({ run: examined, github, deps: { clock }, deadline, nativeToken })
  const options = {
    release: '1.2.3',
    eventName: 'pull_request',
    server: 'https://github.com',
    requests: github.requests,
  }
  const report = doctorReport(examined, findings, options)
  const notOk = report.checks.filter(check => check.status !== 'ok').map(({ id, status }) => `${id} ${status}`)
  return { report, notOk, text: reportText(report), fake }
}

describe('the doctor', () => {
  it('finds everything as expected, within a few requests, and shows no secret', async () => {
    const { notOk, text, fake, report } = await examine()
    expect(notOk).toEqual([])
    expect(text).toMatch(/8 ok, 0 failed, 0 not tried\n$/)
    expect(fake.asked.length).toBeLessThan(12)
    expect([...fake.authorizations]).toEqual(['Bearer ghs_secret'])
    expect(text + JSON.stringify(report)).not.toMatch(/ghs_secret|eyJ/)
  })

  it('takes what shows after some seconds, and says after how many', async () => {
    const { notOk, report } = await examine({
      [paths.artifacts]: (_, attempt) => ({ body: { artifacts: attempt < 5 ? [older] : [ours, older] } }),
    })
    expect(notOk).toEqual([])
    expect(report.checks[0]?.seen).toMatch(/^listed after 4\.0 s/)
  })

  const bent: [AssumptionId, string, FakeGithubRoutes, Partial<DoctorRun>, object?][] = [
    ['artifact-listed', 'no artifact', { [paths.artifacts]: () => ({ body: { artifacts: [older] } }) }, {}],
    [
      'artifact-listed',
      'an artifact after a long time',
      { [paths.artifacts]: (_, attempt) => ({ body: { artifacts: attempt < 20 ? [older] : [ours, older] } }) },
      {},
    ],
    ['step-renamed', 'the old name', { [paths.job]: () => ({ body: { ...job, steps: [] } }) }, {}],
    [
      'step-renamed',
      'the name when the step is over',
      { [paths.job]: () => ({ body: { ...job, steps: [{ ...job.steps[0], status: 'completed' }] } }) },
      {},
    ],
    ['job-id', 'another run', { [paths.job]: () => ({ body: { ...job, run_id: 1 } }) }, {}],
    ['job-id', 'another attempt', { [paths.job]: () => ({ body: { ...job, run_attempt: 1 } }) }, {}],
    ['job-id', 'a sibling’s runner', { [paths.job]: () => ({ body: { ...job, runner_name: 'runner-2' } }) }, {}],
    ['job-id', 'a job that is over', { [paths.job]: () => ({ body: { ...job, status: 'completed' } }) }, {}],
    [
      'older-artifacts',
      'an older artifact with a new time',
      { [paths.artifacts]: () => ({ body: { artifacts: [ours, { ...older, created_at: '2026-11-01T10:00:01Z' }] } }) },
      {},
    ],
    [
      'older-artifacts',
      'an older artifact without a time',
      { [paths.artifacts]: () => ({ body: { artifacts: [ours, { ...older, created_at: null }] } }) },
      {},
    ],
    [
      'free-304',
      'a 304 that counts',
      {
        [paths.repository]: (request, attempt) => ({
          status: request.headers['if-none-match'] ? 304 : 200,
          headers: { ...budget, 'x-ratelimit-used': String(attempt) },
        }),
      },
      {},
    ],
    ['free-304', 'no 304', { [paths.repository]: () => ({ body: {}, headers: budget }) }, {}],
    ['native-claims', 'another ref', {}, {}, { ...claims, workflow_ref: 'acme/widgets/x.yml@refs/heads/other' }],
    ['native-claims', 'numbers', {}, {}, { ...claims, repository_id: 1 }],
    ['native-claims', 'no attempt', {}, {}, { ...claims, run_attempt: undefined }],
    [
      'run-alive',
      'a completed run',
      { [paths.run]: () => ({ body: { status: 'completed', run_started_at: startedAt } }) },
      {},
    ],
    [
      'clock',
      'another time',
      {
        [paths.repository]: request => ({
          ...(request.headers['if-none-match'] ? { status: 304 } : { body: {} }),
          headers: { ...budget, date: new Date(Date.now() - 90_000).toUTCString() },
        }),
      },
      {},
    ],
  ]
  it.each(bent)('fails on the line %s, and no other, for %s', async (id, _, routes, changes, token = claims) => {
    const { notOk, text } = await examine(routes, changes, token)
    expect(notOk).toEqual([`${id} failed`])
    expect(text).toContain(`FAILED    ${assumptionIds.indexOf(id) + 1}. ${assumptions[id].title}`)
  })

  it.each<[AssumptionId[], string, FakeGithubRoutes, Partial<DoctorRun>, object | null]>([
    [['step-renamed', 'job-id'], 'no job id', {}, { jobId: undefined }, claims],
    [['older-artifacts'], 'the first attempt', {}, { attempt: '1' }, { ...claims, run_attempt: '1' }],
    [
      ['older-artifacts'],
      'no older artifact',
      { [paths.artifacts]: () => ({ body: { artifacts: [ours] } }) },
      {},
      claims,
    ],
    [
      ['older-artifacts'],
      'an older artifact of the second in which this attempt began',
      { [paths.artifacts]: () => ({ body: { artifacts: [ours, { ...older, created_at: '2026-11-01T10:00:00Z' }] } }) },
      {},
      claims,
    ],
    [['artifact-listed'], 'no fork', {}, { fork: false }, claims],
    [['native-claims'], 'no OIDC', {}, {}, null],
    [
      ['artifact-listed', 'older-artifacts'],
      'a forbidden list',
      { [paths.artifacts]: () => ({ status: 403 }) },
      {},
      claims,
    ],
  ])('says that %j is not tried, and why, with %s', async (ids, _, routes, changes, token) => {
    const jobOf = { ...job, run_attempt: Number(changes.attempt ?? 2) }
    const { notOk, report } = await examine({ [paths.job]: () => ({ body: jobOf }), ...routes }, changes, token)
    expect(notOk).toEqual(ids.map(id => `${id} not tried`))
    for (const check of report.checks.filter(one => one.status === 'not tried')) {
      expect(check).toMatchObject({ seen: null, why: expect.stringMatching(/\w/) })
    }
  })

  it('cannot be made to print a command of the runner', async () => {
    const evil = { ...job, status: '\n::add-path::/evil' }
    const { text } = await examine({ [paths.job]: () => ({ body: evil }) })
    expect(text).not.toContain('::add-path')
  })

  it('does not ask for ever', async () => {
    const endless = {
      [paths.artifacts]: () => ({ body: { artifacts: [] } }),
      [paths.job]: () => ({ body: { ...job, steps: [] } }),
    }
    const { fake } = await examine(endless)
    expect(fake.asked.length).toBeLessThanOrEqual(100)
  })
})

describe('the list in the docs', () => {
  it('is what the doctor tries, line by line', async () => {
    const page = await readFile(new URL('../../../../docs/using-with-github.md', import.meta.url), 'utf8')
    const [, section = ''] = page.split('## To try first on the live GitHub')
    const lines = [...section.matchAll(/^(\d+)\. \*\*(.+?)\.\*\*/gms)].map(
      ([, number, title = '']) => `${number} ${title.replace(/\s+/g, ' ')}`,
    )
    expect(lines).toEqual(assumptionIds.map((id, index) => `${index + 1} ${assumptions[id].title}`))
  })
})
