import { RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { GithubRun } from '../github/schemas.ts'
import { aClaimSpec, aRun, fakeNowMs, rawRun } from '../testing/fake-github-answers.ts'
import { checkRun } from './check-run.ts'

const spec = await aClaimSpec()
const base = rawRun()['repository'] as Record<string, unknown>
const head = rawRun()['head_repository'] as Record<string, unknown>
const iso = (ms: number) => new Date(ms).toISOString()

describe('a run is refused, with the reason that names the cause', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['a push', { event: 'push' }, 'event_not_pull_request'],
    ['a pull_request_target', { event: 'pull_request_target' }, 'event_not_pull_request'],
    ['a schedule', { event: 'schedule' }, 'event_not_pull_request'],
    ['a workflow_run', { event: 'workflow_run' }, 'event_not_pull_request'],
    ['the event in capitals', { event: 'PULL_REQUEST' }, 'event_not_pull_request'],
    ['the event with a space', { event: 'pull_request ' }, 'event_not_pull_request'],
    ['a pull_request_review', { event: 'pull_request_review' }, 'event_not_pull_request'],
    ['the repository itself as head', { head_repository: base }, 'not_a_fork'],
    ['the same id under another name', { head_repository: { ...head, id: 1001 } }, 'not_a_fork'],
    ['a deleted fork', { head_repository: null }, 'head_repository_gone'],
    ['a private repository', { repository: { ...base, private: true } }, 'repository_not_public'],
    ['an internal repository', { repository: { ...base, visibility: 'internal' } }, 'repository_not_public'],
    ['another name', { repository: { ...base, full_name: 'base-org/other' } }, 'repository_renamed'],
    ['another owner', { repository: { ...base, full_name: 'new-org/project' } }, 'repository_renamed'],
    ['a finished run', { status: 'completed', conclusion: 'success' }, 'run_not_in_progress'],
    ['a cancelled run', { status: 'completed', conclusion: 'cancelled' }, 'run_not_in_progress'],
    ['a run awaiting approval', { status: 'completed', conclusion: 'action_required' }, 'awaiting_approval'],
    ['a run started after the claim', { run_started_at: iso(fakeNowMs + 31_000) }, 'attempt_not_latest'],
    ['the code in the title', { display_title: `see ${spec.challengeCode}` }, 'code_quoted'],
    ['the code in capitals in the title', { display_title: spec.challengeCode.toUpperCase() }, 'code_quoted'],
    ['the code as branch', { head_branch: spec.challengeCode }, 'code_quoted'],
    ['another run’s answer', { id: 5 }, 'github_unavailable'],
  ])('%s', (_, changes, reason) => {
    expect(checkRun(aRun(changes), spec)).toMatchObject({ kind: 'refused', reason })
  })

  test('an attempt before the latest', () => {
    const claim = { ...spec, attempt: RunAttempt.parse('1') }
    expect(checkRun(aRun({ run_attempt: 2 }), claim)).toMatchObject({ kind: 'refused', reason: 'attempt_not_latest' })
  })

  test('an old attempt of a finished run is an old attempt', () => {
    const claim = { ...spec, attempt: RunAttempt.parse('1') }
    const run = aRun({ run_attempt: 2, status: 'completed', conclusion: 'success' })
    expect(checkRun(run, claim)).toMatchObject({ reason: 'attempt_not_latest' })
  })

  test('a private push is first of all private', () => {
    const run = aRun({ repository: { ...base, private: true }, event: 'push' })
    expect(checkRun(run, spec)).toMatchObject({ reason: 'repository_not_public' })
  })
})

describe('a run that may just lag is waited for', () => {
  test('an attempt that the API does not show yet', () => {
    const claim = { ...spec, attempt: RunAttempt.parse('2') }
    expect(checkRun(aRun(), claim)).toMatchObject({ kind: 'not-yet', reason: 'attempt_not_latest' })
  })
})

describe('a run is fine', () => {
  test('a fork’s pull request in progress', () => {
    expect(checkRun(aRun(), spec)).toEqual({ kind: 'fine' })
  })
  test.each(['queued', 'requested', 'waiting', 'pending', 'dreaming'])(
    'that reads %s: a job of it may run, and a code that is shown there proves it',
    status => {
      expect(checkRun(aRun({ status }), spec)).toEqual({ kind: 'fine' })
    },
  )
  test('when only the letter case of the name differs', () => {
    const claim = { ...spec, repository: RepositoryName.parse('Base-ORG/Project') }
    expect(checkRun(aRun(), claim)).toEqual({ kind: 'fine' })
  })
  test('with a branch called like the base branch, because forks go by id', () => {
    expect(checkRun(aRun({ head_branch: 'main' }), spec)).toEqual({ kind: 'fine' })
  })
  test('without a branch or a visibility', () => {
    const run = aRun({ head_branch: null, repository: { ...base, visibility: undefined } })
    expect(checkRun(run, spec)).toEqual({ kind: 'fine' })
  })
  test('when the claim names the latest attempt', () => {
    const claim = { ...spec, attempt: RunAttempt.parse('3') }
    expect(checkRun(aRun({ run_attempt: 3 }), claim)).toEqual({ kind: 'fine' })
  })
})

describe('an answer that lacks a fact is malformed, never guessed', () => {
  test.each(Object.keys(rawRun()).filter(name => !['name'].includes(name)))('without %s', name => {
    const { [name]: _, ...rest } = rawRun()
    expect(GithubRun.safeParse(rest).success).toBe(false)
  })
  test.each<[string, Record<string, unknown>]>([
    ['an id beyond 2^53', { id: 2 ** 53 }],
    ['an id as text', { id: '9000000001' }],
    ['a null status', { status: null }],
    ['a null event', { event: null }],
    ['private as text', { repository: { ...base, private: 'false' } }],
    ['a name that is a path', { repository: { ...base, full_name: '../evil' } }],
    ['a short commit', { head_sha: 'abc' }],
    ['a start without a date', { run_started_at: 'yesterday' }],
  ])('%s', (_, changes) => {
    expect(GithubRun.safeParse(rawRun(changes)).success).toBe(false)
  })
  test('a run id that only looks equal is another run', () => {
    const claim = { ...spec, runId: RunId.parse('90000000010') }
    expect(checkRun(aRun(), claim)).toMatchObject({ kind: 'refused' })
  })
})
