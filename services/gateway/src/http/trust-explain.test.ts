import type { RunFacts } from '@forkproof/contracts/facts'
import type { RunInspection } from '@forkproof/contracts/inspection'
import { describe, expect, it } from 'vitest'
import { admissionHarness, forkRule, trustedRule } from '../testing/admission-harness.ts'
import { strangersKey } from '../testing/fake-token-issuers.ts'

const running: Extract<RunInspection, { outcome: 'running' }> = {
  outcome: 'running',
  event: 'push',
  headRef: 'main',
  workflowPath: '.github/workflows/build.yml',
  repositoryId: '456789',
  attempt: '2',
}
const account = { id: '5544', login: 'alice' }
const facts: RunFacts = {
  repository: { id: '456789', name: 'octo-org/octo-repo', ownerId: '1', owner: 'octo-org' },
  headRepository: { id: '998877', name: 'alice/octo-repo', ownerId: '5544', owner: 'alice' },
  run: {
    id: '77',
    number: '10',
    attempt: '2',
    workflowName: 'ci',
    workflowPath: '.github/workflows/build.yml',
    headSha: 'a'.repeat(40),
    headRef: 'fix',
  },
  actor: account,
  triggeringActor: account,
  pullRequest: {
    number: '12',
    baseRef: 'main',
    baseSha: 'b'.repeat(40),
    author: account,
    authorAssociation: 'CONTRIBUTOR',
  },
}
const ofRun = { repository: 'octo-org/octo-repo', runId: '77' }

describe('POST /v1/trust:explain of a token', () => {
  it('answers its holder rule by rule, and uses nothing up', async () => {
    const { createProject, explain, exchangeFor, own, fakes } = await admissionHarness()
    const { id, relationships } = await createProject({ ...forkRule, baseRefs: ['next', 'v2'] }, forkRule)
    const token = await own()
    const answer = await explain({ projectId: id, token })
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(answer.json()).toMatchObject({
      projectId: id,
      admitted: true,
      relationshipId: relationships[1],
      grant: { maxMinutes: 20, cache: 'none' },
      run: { eventClass: 'fork_pull_request', baseRef: 'main', run: { runId: '77' } },
    })
    expect(answer.json().decisions[0]).toEqual({
      relationshipId: relationships[0],
      rules: [
        { rule: 'event_class', expected: ['fork_pull_request'], actual: 'fork_pull_request', passed: true },
        { rule: 'repository_id', expected: ['456789'], actual: '456789', passed: true },
        { rule: 'base_ref', expected: ['next', 'v2'], actual: 'main', passed: false },
        { rule: 'pull_request', expected: ['open'], actual: 'open', passed: true },
        { rule: 'proof_method', expected: ['artifact', 'step-name'], actual: 'artifact', passed: true },
        { rule: 'mode', expected: ['enforce'], actual: 'enforce', passed: true },
      ],
    })
    expect(fakes.bucket('used-tokens').writes).toEqual([])
    expect((await exchangeFor(token, id)).statusCode).toBe(200)
  })

  it('says that a token was used', async () => {
    const { createProject, explain, exchangeFor, own } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const token = await own()
    await exchangeFor(token, id)
    expect((await explain({ projectId: id, token })).json()).toMatchObject({ admitted: false, reason: 'id_token_used' })
  })

  it('says what the exchange does, whatever the relationship', async () => {
    const rules = [forkRule, trustedRule, { ...trustedRule, events: ['release'] }, { ...forkRule, mode: 'audit' }]
    const { createProject, explain, exchangeFor, own, github } = await admissionHarness()
    for (const rule of rules) {
      const { id } = await createProject(rule)
      for (const token of [await own(), await github()]) {
        const explained = (await explain({ projectId: id, token })).json()
        const exchanged = await exchangeFor(token, id)
        expect(explained.admitted).toBe(exchanged.statusCode === 200)
      }
    }
  })

  it('tells a holder of no relationship with other repositories, and the operator of all', async () => {
    const { createProject, explain, own, asOperator } = await admissionHarness()
    const { id } = await createProject({ ...forkRule, repositoryId: '31337' }, forkRule)
    const token = await own()
    const holders = await explain({ projectId: id, token })
    expect(holders.json().decisions).toHaveLength(1)
    expect(holders.body).not.toContain('31337')
    expect((await explain({ projectId: id, token }, asOperator)).json().decisions).toHaveLength(2)
  })

  it('tells a holder nothing of a project without a relationship with its repository', async () => {
    const { createProject, explain, own, asOperator } = await admissionHarness()
    const { id } = await createProject({ ...forkRule, repositoryId: '31337' })
    const token = await own()
    for (const projectId of [id, `prj_${'a'.repeat(16)}`, 'x']) {
      expect((await explain({ projectId, token })).json()).toMatchObject({ code: 'project_not_found', status: 404 })
    }
    const answer = (await explain({ projectId: id, token }, asOperator)).json()
    expect([answer.admitted, answer.decisions.length]).toEqual([false, 1])
  })

  it('says why a token does not verify, to anybody', async () => {
    const { createProject, explain, own, clock } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const problems = [
      [await own({}, { key: strangersKey }), 'its issuer has no such key'],
      [await own({}, { registered: { aud: 'https://x.example' } }), 'the claim aud does not fit'],
      ['x', 'it is not a signed JWT'],
    ]
    for (const [token, detail] of problems) {
      expect((await explain({ projectId: id, token })).json()).toMatchObject({ code: 'id_token_invalid', detail })
    }
    const late = await own()
    clock.advance(400_000)
    expect((await explain({ projectId: id, token: late })).json().detail).toBe('it has expired')
  })
})

describe('POST /v1/trust:explain of a run', () => {
  it('holds the rules against what a fork’s run shows', async () => {
    const { createProject, explain, fakes, asOperator } = await admissionHarness()
    fakes.inspection = { ...running, event: 'pull_request', headRef: 'fix', facts }
    const { id } = await createProject({ ...forkRule, baseRefs: ['main'], authorAssociations: ['OWNER'] })
    const answer = (await explain({ projectId: id, ...ofRun }, asOperator)).json()
    expect(answer).toMatchObject({ admitted: false, run: { baseRef: 'main', run: { attempt: '2' } } })
    const failed = answer.decisions[0].rules.filter((rule: { passed: boolean }) => !rule.passed)
    expect(failed).toEqual([{ rule: 'author_association', expected: ['OWNER'], actual: 'CONTRIBUTOR', passed: false }])
    expect(fakes.inspected).toEqual([ofRun])
  })

  it.each([
    ['push', 'refs/heads/main', true],
    ['schedule', 'refs/heads/main', true],
    ['pull_request', undefined, false],
    ['pull_request_target', undefined, false],
  ])('knows the ref of a %s run as %s', async (event, ref, admitted) => {
    const { createProject, explain, fakes, asOperator } = await admissionHarness()
    fakes.inspection = { ...running, event }
    const { id } = await createProject({ ...trustedRule, events: [event], refs: ['refs/heads/main'] })
    const answer = (await explain({ projectId: id, ...ofRun }, asOperator)).json()
    expect([answer.admitted, answer.run.ref]).toEqual([admitted, ref])
  })

  it('knows nothing of a pull request that could not be told', async () => {
    const { createProject, explain, fakes, asOperator } = await admissionHarness()
    const { pullRequest: _unknown, ...rest } = facts
    fakes.inspection = { ...running, event: 'pull_request', facts: rest }
    const { id } = await createProject({ ...forkRule, baseRefs: ['main'] })
    expect((await explain({ projectId: id, ...ofRun }, asOperator)).json().admitted).toBe(false)
  })

  it.each(['run_not_found', 'run_not_in_progress', 'repository_not_public', 'github_unavailable'] as const)(
    'says %s when that is why the run cannot be admitted',
    async reason => {
      const { createProject, explain, fakes, asOperator } = await admissionHarness()
      fakes.inspection = { outcome: 'refused', reason, detail: 'as GitHub says' }
      const { id } = await createProject(forkRule)
      const answer = await explain({ projectId: id, ...ofRun }, asOperator)
      expect([answer.statusCode, answer.json()]).toEqual([
        200,
        {
          projectId: id,
          admitted: false,
          reason,
          detail: 'as GitHub says',
          decisions: [],
          github: { repository: 'unknown', credentials: [] },
        },
      ])
    },
  )

  it('says how the repository stands with the requests to GitHub', async () => {
    const { createProject, explain, fakes, clock, asOperator } = await admissionHarness()
    fakes.inspection = { outcome: 'refused', reason: 'github_unavailable' }
    const atMs = clock.now()
    const repositories = [{ id: '1', name: ofRun.repository.toUpperCase() }]
    const credentials = [{ kind: 'classic-token', limit: 5_000, remaining: 400, spendable: 0 }]
    const bucket = fakes.bucket('github')
    bucket.put('repositories', JSON.stringify({ atMs, repositories, unresolved: 0 }))
    bucket.put('budget', JSON.stringify({ atMs, relatedFromMs: atMs + 60_000, credentials }))
    const { id } = await createProject(forkRule)
    const answer = (await explain({ projectId: id, ...ofRun }, asOperator)).json()
    const servedFrom = new Date(atMs + 60_000).toISOString()
    expect(answer.github).toEqual({ repository: 'related', servedFrom, credentials })
  })

  it('is for the operator alone, and asks GitHub for nobody else', async () => {
    const { createProject, explain, fakes } = await admissionHarness()
    const { id } = await createProject(forkRule)
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      const answer = await explain({ projectId: id, ...ofRun }, headers as Record<string, string>)
      expect(answer.json()).toMatchObject({ code: 'operator_token_invalid', status: 401 })
    }
    expect(fakes.inspected).toEqual([])
  })

  it('asks GitHub nothing for a project that does not exist, and says so while it cannot be asked', async () => {
    const { createProject, explain, fakes, asOperator } = await admissionHarness()
    const missing = await explain({ projectId: `prj_${'a'.repeat(16)}`, ...ofRun }, asOperator)
    expect([missing.json().code, fakes.inspected]).toEqual(['project_not_found', []])
    const { id } = await createProject(forkRule)
    expect((await explain({ projectId: id, ...ofRun }, asOperator)).statusCode).toBe(503)
  })
})

describe('bad questions at POST /v1/trust:explain', () => {
  it.each([
    {},
    [],
    { projectId: 'x' },
    { projectId: 7, token: 'x' },
    { token: 'x' },
    { projectId: 'x', token: '' },
    { projectId: 'x', token: 'x'.repeat(16_385) },
    { projectId: 'x', token: 'x', ...ofRun },
    { projectId: 'x', repository: '../x', runId: '1' },
    { projectId: 'x', repository: 'a/b', runId: 1 },
    { projectId: 'x', repository: 'a/b', runId: '1', attempt: '1' },
  ])('%j is refused', async body => {
    const { explain, asOperator } = await admissionHarness()
    for (const headers of [{}, asOperator]) {
      const answer = await explain(body, headers as Record<string, string>)
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request'])
    }
  })

  it('a wrong credential is an error, not a lesser answer', async () => {
    const { createProject, explain, own } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const answer = await explain({ projectId: id, token: await own() }, { authorization: 'Bearer x' })
    expect(answer.statusCode).toBe(401)
  })
})
