import { describe, expect, test } from 'vitest'
import { aPullRequest, aRun, fakeNowMs } from '../testing/fake-github-answers.ts'
import { checkDemandedPullRequest, isUntouchedSince, wasRetargetedSince } from './pull-request.ts'

/** The run was made a minute ago. */
const run = aRun()
const event = (name: string, secondsAgo: number) => ({ event: name, created_at: fakeNowMs - secondsAgo * 1_000 })

describe('the base of a pull request', () => {
  test('is the run’s while nothing was touched', () => {
    expect(isUntouchedSince(aPullRequest(), run)).toBe(true)
    expect(isUntouchedSince(aPullRequest({ updated_at: new Date(fakeNowMs).toISOString() }), run)).toBe(false)
  })
  test.each([
    ['opened before and touched in the second of the run', 120, 60, false],
    ['opened in the second of the run and not touched', 60, 60, true],
    ['opened in the second of the run and touched later', 60, 59, false],
    ['touched in the second before the run', 120, 61, true],
  ])('of one %s is known without its events or not', (_, openedSecondsAgo, touchedSecondsAgo, untouched) => {
    const ago = (seconds: number) => new Date(fakeNowMs - seconds * 1_000).toISOString()
    const pull = aPullRequest({ created_at: ago(openedSecondsAgo), updated_at: ago(touchedSecondsAgo) })
    expect(isUntouchedSince(pull, run)).toBe(untouched)
  })
  test.each([
    ['by its author', [event('labeled', 50), event('base_ref_changed', 40)]],
    ['in the second in which the run was made', [event('base_ref_changed', 60)]],
    ['because the old base was merged and deleted', [event('automatic_base_change_succeeded', 1)]],
    ['there and back again', [event('base_ref_changed', 40), event('base_ref_changed', 30)]],
  ])('is another when it was changed %s', (_, events) => {
    expect(wasRetargetedSince(events, run)).toBe(true)
  })
  test.each([
    ['comments', [event('commented', 5), event('mentioned', 5)]],
    ['labels, reviews and pushes', [event('labeled', 5), event('reviewed', 4), event('head_ref_force_pushed', 3)]],
    ['a change before the run', [event('base_ref_changed', 61)]],
    ['nothing', []],
  ])('is the run’s after %s', (_, events) => {
    expect(wasRetargetedSince(events, run)).toBe(false)
  })
})

describe('a pull request that a build relies on', () => {
  const demanded = { number: '42', baseRef: 'main' }
  test.each([
    ['is open on its base', [aPullRequest()]],
    ['was pushed to', [aPullRequest({ head: { sha: 'd'.repeat(40), repo: { id: 2002 } } })]],
    ['has a twin', [aPullRequest({ number: 41, state: 'closed' }), aPullRequest()]],
  ])('that %s is fine', (_, pulls) => {
    expect(checkDemandedPullRequest(pulls, demanded)).toBeUndefined()
  })
  test.each([
    ['was closed', [aPullRequest({ state: 'closed' })]],
    ['has another base', [aPullRequest({ base: { ref: 'next', sha: 'b', repo: { id: 1001 } } })]],
    ['is gone', [aPullRequest({ number: 43 })]],
    ['lost its branch', []],
  ])('that %s is not', (_, pulls) => {
    expect(checkDemandedPullRequest(pulls, demanded)).toMatchObject({ reason: 'pull_request_changed' })
  })
  test('may have any base where only an open one is demanded', () => {
    const elsewhere = aPullRequest({ base: { ref: 'next', sha: 'b', repo: { id: 1001 } } })
    expect(checkDemandedPullRequest([elsewhere], { number: '42' })).toBeUndefined()
  })
})
