import { describe, expect, test } from 'vitest'
import type { GithubPullRequest } from '../github/schemas.ts'
import { aClaimSpec, aPullRequest, aRun, baseRepository, fakeNowMs } from '../testing/fake-github-answers.ts'
import { aQuestion } from '../testing/inspection-harness.ts'
import { checkBuildRun } from './check-build-run.ts'
import { checkRun } from './check-run.ts'
import { isDependabot } from './dependabot.ts'
import { type Evidence, verifyRun } from './verify-run.ts'

const spec = await aClaimSpec()
const bot = { id: 49_699_333, login: 'dependabot[bot]', type: 'Bot' }
const maintainer = { id: 11, login: 'base-org', type: 'User' }
/** From a branch of the repository itself. */
const own = (changes: object = {}) => ({
  head_repository: baseRepository,
  head_branch: 'dependabot/npm_and_yarn/left-pad-1.3.0',
  actor: bot,
  triggering_actor: bot,
  ...changes,
})
const pullOf = (user: object | null): GithubPullRequest =>
  aPullRequest({ user, head: { sha: 'a'.repeat(40), repo: { id: 1001 } } })
const evidence = (user: object | null, run: object = {}): Evidence => ({
  run: aRun(own(run)),
  attempt: 1,
  sighting: { channel: 'artifact' },
  seenAtMs: fakeNowMs,
  pullRequests: { pulls: [pullOf(user)], readAtMs: fakeNowMs, isBaseOfRun: true },
})

const impostors: [string, object][] = [
  ['a person with write access', maintainer],
  ['a person of a like name', { id: 77, login: 'dependabot', type: 'User' }],
  ['another bot', { id: 29_139_614, login: 'renovate[bot]', type: 'Bot' }],
  ['GitHub’s own bot', { id: 41_898_282, login: 'github-actions[bot]', type: 'Bot' }],
  ['an app of the same login, on another server', { ...bot, id: 5 }],
  ['a person with its id, on another server', { id: bot.id, login: 'somebody', type: 'User' }],
  ['an account of its id and login that is no bot', { ...bot, type: 'User' }],
  ['an account of which no type is known', { id: bot.id, login: bot.login }],
  ['its login in other letter case', { ...bot, login: 'Dependabot[bot]' }],
]

describe('a pull request of Dependabot’s', () => {
  test('is served as a fork’s is: GitHub gives its run neither secrets nor an ID token', () => {
    expect(verifyRun(spec, evidence(bot))).toMatchObject({
      kind: 'verified',
      run: { facts: { headRepository: { id: '1001' }, repository: { id: '1001' }, pullRequest: { number: '42' } } },
    })
  })
  test('is still one when a maintainer runs it again', () => {
    const again = evidence(bot, { triggering_actor: maintainer })
    expect(verifyRun(spec, again)).toMatchObject({ kind: 'verified' })
    expect(checkBuildRun(aRun(own({ triggering_actor: maintainer })), aQuestion())).toEqual({ kind: 'fine' })
  })
  test('is served also once it is closed, and without what policies go by', () => {
    const { pullRequests, ...rest } = evidence(bot)
    const pulls = (pullRequests?.pulls ?? []).map(pull => ({ ...pull, state: 'closed' as const, closed_at: fakeNowMs }))
    const result = verifyRun(spec, { ...rest, pullRequests: { pulls, readAtMs: fakeNowMs, isBaseOfRun: true } })
    expect(result).toMatchObject({ kind: 'verified' })
  })
})

describe('a branch of the repository itself does not pass for Dependabot’s', () => {
  test.each(impostors)('when the run’s actor is %s', (_, actor) => {
    expect(checkRun(aRun(own({ actor })), spec)).toMatchObject({ reason: 'not_a_fork' })
    expect(checkBuildRun(aRun(own({ actor })), aQuestion())).toMatchObject({ reason: 'not_a_fork' })
  })
  test.each(impostors)('when only who ran it again is Dependabot, and its actor %s', (_, actor) => {
    expect(checkRun(aRun(own({ actor, triggering_actor: bot })), spec)).toMatchObject({ reason: 'not_a_fork' })
  })
  test.each(impostors)('when its pull request was opened by %s', (_, user) => {
    expect(verifyRun(spec, evidence(user))).toMatchObject({ kind: 'refused', reason: 'not_a_fork' })
  })
  test.each<[string, object]>([
    ['there is no pull request', { pulls: [] }],
    ['there are two', { pulls: [pullOf(bot), { ...pullOf(bot), number: 43 }] }],
    ['its author’s account is gone', { pulls: [pullOf(null)] }],
  ])('when %s', (_, changes) => {
    const given = evidence(bot)
    const pullRequests = { pulls: [], readAtMs: fakeNowMs, isBaseOfRun: true, ...changes }
    expect(verifyRun(spec, { ...given, pullRequests })).toMatchObject({ reason: 'not_a_fork' })
  })
  test('when the pull request cannot be read, and then the claim may be made again', () => {
    const { pullRequests: _, ...unread } = evidence(bot)
    expect(verifyRun(spec, unread)).toMatchObject({ reason: 'github_unavailable' })
  })
  test.each(['push', 'pull_request_target', 'workflow_dispatch', 'schedule', 'workflow_run'])(
    'by the event %s',
    event => {
      expect(checkRun(aRun(own({ event })), spec)).toMatchObject({ reason: 'event_not_pull_request' })
    },
  )
})

describe('Dependabot’s run is never trusted', () => {
  const trusted = aQuestion({ eventClass: 'trusted' })
  test.each([
    'pull_request',
    'pull_request_review',
    'pull_request_review_comment',
    'push',
    'create',
    'deployment',
    'deployment_status',
  ])('by the event %s, also when somebody else runs it again', event => {
    expect(checkBuildRun(aRun(own({ event })), trusted)).toMatchObject({ reason: 'not_trusted' })
    expect(checkBuildRun(aRun(own({ event, triggering_actor: maintainer })), trusted)).toMatchObject({
      reason: 'not_trusted',
    })
  })
  test('but a maintainer’s is, on Dependabot’s branch too', () => {
    expect(checkBuildRun(aRun(own({ event: 'push', actor: maintainer })), trusted)).toEqual({ kind: 'fine' })
  })
  test('nor is a fork’s pull request that Dependabot pushed to', () => {
    expect(checkBuildRun(aRun({ actor: bot }), trusted)).toMatchObject({ reason: 'not_trusted' })
  })
})

test('an account that is not there is not Dependabot', () => {
  expect([null, undefined].map(isDependabot)).toEqual([false, false])
})
