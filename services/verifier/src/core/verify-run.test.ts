import { JobId } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import type { GithubPullRequest } from '../github/schemas.ts'
import { aClaimSpec, aJob, aPullRequest, aRun, fakeNowMs } from '../testing/fake-github-answers.ts'
import type { PullRequestReading } from './pull-request.ts'
import { type Evidence, isVerified, type VerifiedRun, verifyRun } from './verify-run.ts'

const spec = await aClaimSpec()
const bound = { ...spec, jobId: JobId.parse('5001') }
const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  run: aRun(),
  attempt: 1,
  sighting: { channel: 'artifact' },
  seenAtMs: fakeNowMs + 2_000,
  ...changes,
})
const verified = (changes: Partial<Evidence> = {}): VerifiedRun => {
  const result = verifyRun(spec, evidence(changes))
  if (result.kind !== 'verified') throw new Error(`refused: ${result.reason}`)
  return result.run
}

const iso = (ms: number) => new Date(fakeNowMs + ms).toISOString()
const reading = (pulls: GithubPullRequest[]): PullRequestReading => ({ pulls, readAtMs: fakeNowMs, isBaseOfRun: true })

describe('refused after the sighting', () => {
  test('when the run finished meanwhile', () => {
    const run = aRun({ status: 'completed', conclusion: 'success' })
    expect(verifyRun(spec, evidence({ run }))).toMatchObject({ reason: 'run_not_in_progress' })
  })
  test('when a new attempt began meanwhile, although the claim named none', () => {
    const run = aRun({ run_attempt: 2 })
    expect(verifyRun(spec, evidence({ run }))).toMatchObject({ reason: 'attempt_not_latest' })
  })
  test('when the fork was deleted meanwhile', () => {
    const run = aRun({ head_repository: null })
    expect(verifyRun(spec, evidence({ run }))).toMatchObject({ reason: 'head_repository_gone' })
  })
  test.each([
    ['title', { title: `about ${spec.challengeCode}` }],
    ['body', { body: `Waiting for OIDC auth challenge ${spec.challengeCode}` }],
  ])('when the code stands in the pull request’s %s', (_, changes) => {
    const pullRequests = reading([aPullRequest(changes)])
    expect(verifyRun(spec, evidence({ pullRequests }))).toMatchObject({ reason: 'code_quoted' })
  })
  test('when the channel was not asked for', () => {
    const narrow = { ...spec, channels: ['log' as const] }
    expect(verifyRun(narrow, evidence())).toMatchObject({ reason: 'code_not_seen' })
  })
  test.each<[string, Evidence['jobs']]>([
    ['the job list was not read', undefined],
    ['the job is not in the list', []],
    ['the job is of another run', [aJob({ run_id: 1 })]],
    ['the job is of another attempt', [aJob({ run_attempt: 2 })]],
    ['the job is of another commit', [aJob({ head_sha: 'c'.repeat(40) })]],
    ['the job is completed', [aJob({ status: 'completed' })]],
  ])('for a claim of a job, when %s', (_, jobs) => {
    const given = evidence(jobs ? { jobs } : {})
    expect(verifyRun(bound, given)).toMatchObject({ kind: 'refused', reason: 'job_mismatch' })
  })
  test.each(['queued', 'waiting', 'pending', 'requested'])(
    'not at once for a claim of a job that reads %s, which may lag',
    status => {
      const given = evidence({ jobs: [aJob({ status })] })
      expect(verifyRun(bound, given)).toMatchObject({ kind: 'not-yet', reason: 'job_mismatch' })
    },
  )
  test('not at once when an answer shows an attempt from before the one that was seen', () => {
    const given = evidence({ run: aRun({ run_attempt: 1 }), attempt: 2 })
    expect(verifyRun(spec, given)).toMatchObject({ kind: 'not-yet', reason: 'attempt_not_latest' })
  })
  test('when another job than the claimed one showed the code', () => {
    const given = evidence({ jobs: [aJob(), aJob({ id: 5_002 })], sighting: { channel: 'log', jobId: 5_002 } })
    expect(verifyRun(bound, given)).toMatchObject({ reason: 'job_mismatch' })
  })
})

describe('the pull request is left out', () => {
  test.each<[string, GithubPullRequest[] | undefined]>([
    ['when two match', [aPullRequest(), aPullRequest({ number: 43 })]],
    ['when its head has moved on', [aPullRequest({ head: { sha: 'd'.repeat(40), repo: { id: 2002 } } })]],
    ['when its head is another fork', [aPullRequest({ head: { sha: 'a'.repeat(40), repo: { id: 3003 } } })]],
    ['when its head repository is gone', [aPullRequest({ head: { sha: 'a'.repeat(40), repo: null } })]],
    ['when its base is another repository', [aPullRequest({ base: { ref: 'main', sha: 'b', repo: { id: 9 } } })]],
    ['when its author’s account is gone', [aPullRequest({ user: null })]],
    ['when there is none', []],
    ['when none was read', undefined],
    ['when it was opened after the run', [aPullRequest({ created_at: iso(-30_000) })]],
    ['when it was closed before the run', [aPullRequest({ state: 'closed', closed_at: iso(-70_000) })]],
    [
      'when another with the same head was closed since the run began, so that either may be the run’s',
      [aPullRequest(), aPullRequest({ number: 43, state: 'closed', closed_at: iso(-1_000) })],
    ],
  ])('%s', (_, pulls) => {
    expect(verified(pulls ? { pullRequests: reading(pulls) } : {}).facts.pullRequest).toBeUndefined()
  })
})

describe('the pull request', () => {
  test.each<[string, GithubPullRequest[], string]>([
    ['beside one that was opened later', [aPullRequest({ number: 43, created_at: iso(-1_000) }), aPullRequest()], '42'],
    [
      'beside one that was closed before the run',
      [aPullRequest({ number: 41, state: 'closed', closed_at: iso(-70_000) }), aPullRequest()],
      '42',
    ],
    ['that was closed since', [aPullRequest({ state: 'closed', closed_at: iso(-1_000) })], '42'],
  ])('%s is the run’s', (_, pulls, number) => {
    expect(verified({ pullRequests: reading(pulls) }).facts.pullRequest?.number).toBe(number)
  })
  test('is attested as it was read, and when; once closed without what policies go by', () => {
    const pulls = [aPullRequest({ state: 'closed', closed_at: iso(-1_000) })]
    expect(verified({ pullRequests: reading(pulls) }).facts.pullRequest).toEqual({
      number: '42',
      author: { id: '21', login: 'contributor' },
      state: 'closed',
      readAt: Math.floor(fakeNowMs / 1_000),
    })
  })
  test('is attested without a base that may not be the run’s', () => {
    const { facts } = verified({ pullRequests: { ...reading([aPullRequest()]), isBaseOfRun: false } })
    expect(facts.pullRequest).toMatchObject({ number: '42', authorAssociation: 'FIRST_TIME_CONTRIBUTOR' })
    expect(Object.keys(facts.pullRequest ?? {}).filter(name => name.startsWith('base'))).toEqual([])
  })
})

describe('verified', () => {
  test('the facts are GitHub’s, ids as strings', () => {
    const run = verified({ pullRequests: reading([aPullRequest()]) })
    expect(run.facts).toMatchObject({
      repository: { id: '1001', name: 'base-org/project', ownerId: '11' },
      headRepository: { id: '2002', name: 'contributor/project' },
      run: { id: '9000000001', attempt: '1', number: '7', workflowPath: '.github/workflows/ci.yml', headRef: 'main' },
      pullRequest: { number: '42', baseRef: 'main', author: { id: '21' }, authorAssociation: 'FIRST_TIME_CONTRIBUTOR' },
    })
    expect(run).toMatchObject({ claimId: spec.claimId, audience: spec.audience, channel: 'artifact' })
  })
  test('a job is named only where the channel proves it', () => {
    expect(verified().facts.job).toBeUndefined()
    expect(verified({ sighting: { channel: 'step-name', jobId: 5_001 } }).facts.job).toEqual({ id: '5001' })
  })
  test.each(['queued', 'waiting', 'pending', 'requested', 'dreaming'])(
    'a run that reads %s: the code that was seen shows that a job of it lives',
    status => {
      expect(verifyRun(spec, evidence({ run: aRun({ status }) }))).toMatchObject({ kind: 'verified' })
    },
  )
  test('the claimed job, still running, is fine', () => {
    expect(verifyRun(bound, evidence({ jobs: [aJob()] }))).toMatchObject({ kind: 'verified' })
  })
  test.each([
    ['.github/workflows/ci.yml', '.github/workflows/ci.yml'],
    ['.github/workflows/ci.yaml@refs/heads/x', '.github/workflows/ci.yaml'],
    ['.github/workflows/ci.yml@evil.yml', '.github/workflows/ci.yml@evil.yml'],
  ])('the workflow path %s is attested as %s', (path, attested) => {
    expect(verified({ run: aRun({ path }) }).facts.run.workflowPath).toBe(attested)
  })
  test('nothing else passes for it: neither a copy nor a look-alike', () => {
    const run = verified()
    expect(isVerified(run)).toBe(true)
    expect(isVerified({ ...run })).toBe(false)
    expect(Object.isFrozen(run)).toBe(true)
  })
})
