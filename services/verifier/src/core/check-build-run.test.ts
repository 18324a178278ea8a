import { RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import type { RunQuestion } from '@forkproof/contracts/inspection'
import { describe, expect, test } from 'vitest'
import { aRun, rawRun } from '../testing/fake-github-answers.ts'
import { checkBuildRun } from './check-build-run.ts'

const base = rawRun()['repository'] as Record<string, unknown>
const head = rawRun()['head_repository'] as Record<string, unknown>
const forks: RunQuestion = {
  repository: RepositoryName.parse('base-org/project'),
  runId: RunId.parse('9000000001'),
  attempt: RunAttempt.parse('1'),
  repositoryId: '1001',
  eventClass: 'fork_pull_request',
}
const trusted: RunQuestion = { ...forks, eventClass: 'trusted' }
const own = { head_repository: base }
type Changes = Record<string, unknown>

describe('a run cannot build', () => {
  const always: [string, Changes, string][] = [
    ['a finished run', { status: 'completed', conclusion: 'success' }, 'run_not_in_progress'],
    ['a run with a newer attempt', { run_attempt: 2 }, 'attempt_not_latest'],
    ['a run awaiting approval', { status: 'completed', conclusion: 'action_required' }, 'awaiting_approval'],
    ['a run of a repository that went private', { repository: { ...base, private: true } }, 'repository_not_public'],
    ['a run of a renamed repository', { repository: { ...base, full_name: 'base-org/new' } }, 'repository_renamed'],
    ['a run under a name that another repository has now', { repository: { ...base, id: 1002 } }, 'run_not_found'],
    ['another run’s answer', { id: 5 }, 'github_unavailable'],
  ]
  test.each<[string, Changes, string]>([
    ...always,
    ['a push', { event: 'push' }, 'event_not_pull_request'],
    ['a pull_request_target', { event: 'pull_request_target' }, 'event_not_pull_request'],
    ['a pull request from the repository itself', own, 'not_a_fork'],
    ['a pull request of a deleted fork', { head_repository: null }, 'head_repository_gone'],
  ])('for a fork: %s', (_, changes, reason) => {
    expect(checkBuildRun(aRun(changes), forks)).toMatchObject({ kind: 'refused', reason })
  })
  test.each<[string, Changes, string]>([
    ...always.map(([name, changes, reason]): [string, Changes, string] => [
      name,
      { event: 'push', ...own, ...changes },
      reason,
    ]),
    ['a fork’s pull request', {}, 'not_trusted'],
    ['a review of a fork’s pull request', { event: 'pull_request_review' }, 'not_trusted'],
    ['a comment in a review of a fork’s pull request', { event: 'pull_request_review_comment' }, 'not_trusted'],
    ['a pull request whose fork was deleted', { head_repository: null }, 'not_trusted'],
    [
      'a fork with the name of the repository',
      { head_repository: { ...head, full_name: 'base-org/project' } },
      'not_trusted',
    ],
  ])('as trusted: %s', (_, changes, reason) => {
    // The changed id of the repository leaves the head behind, which only a push does not mind.
    expect(checkBuildRun(aRun(changes), trusted)).toMatchObject({ kind: 'refused', reason })
  })
})

describe('a run that may just lag is waited for', () => {
  test('an attempt that the API does not show yet', () => {
    const question = { ...forks, attempt: RunAttempt.parse('2') }
    expect(checkBuildRun(aRun(), question)).toMatchObject({ kind: 'not-yet', reason: 'attempt_not_latest' })
  })
})

describe('a run may build', () => {
  test.each(['queued', 'requested', 'waiting', 'pending', 'dreaming'])(
    'for a fork and as trusted when it reads %s, as far as its own facts say',
    status => {
      expect(checkBuildRun(aRun({ status }), forks)).toEqual({ kind: 'fine' })
      expect(checkBuildRun(aRun({ status, event: 'push', ...own }), trusted)).toEqual({ kind: 'fine' })
    },
  )
  test('for a fork: its pull request in progress', () => {
    expect(checkBuildRun(aRun(), forks)).toEqual({ kind: 'fine' })
  })
  test.each<[string, Changes]>([
    ['a push', { event: 'push', ...own }],
    ['a schedule', { event: 'schedule', ...own }],
    ['a pull request from the repository itself', own],
    ['a pull_request_target, whose event the relationship must name', { event: 'pull_request_target' }],
    ['a workflow_run after a fork’s', { event: 'workflow_run' }],
  ])('as trusted: %s', (_, changes) => {
    expect(checkBuildRun(aRun(changes), trusted)).toEqual({ kind: 'fine' })
  })
})

describe('a question without a class', () => {
  const { repository, runId } = forks
  test.each<[string, Changes]>([
    ['a fork’s pull request', {}],
    ['a push', { event: 'push', ...own }],
    ['a newer attempt', { run_attempt: 7 }],
  ])('describes %s', (_, changes) => {
    expect(checkBuildRun(aRun(changes), { repository, runId })).toEqual({ kind: 'fine' })
  })
  test('still refuses what is over', () => {
    const run = aRun({ status: 'completed', conclusion: 'failure' })
    expect(checkBuildRun(run, { repository, runId })).toMatchObject({ reason: 'run_not_in_progress' })
  })
})
