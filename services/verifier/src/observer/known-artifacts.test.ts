import { challengeCodePrefix } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { anArtifact, fakeNowMs } from '../testing/fake-github-answers.ts'
import { KnownArtifacts } from './known-artifacts.ts'
import { pollLimits } from './limits.ts'

const iso = (ms: number) => new Date(ms).toISOString()
/** Ages in seconds, from the first entry to the last. */
const page = (...ages: number[]) =>
  ages.map(age => anArtifact('x', { id: 1_000 - age, created_at: iso(fakeNowMs - age * 1_000) }))

describe('pages of the newest artifacts', () => {
  test.each<[string, number[], boolean]>([
    ['that reaches back before the claims', [1, 5, 70], true],
    ['of which all is newer', [1, 5, 7], false],
    ['in no order', [70, 1, 90], false],
    ['with the oldest first', [90, 5, 1], false],
    ['that is empty', [], true],
  ])('after one %s hold nothing new: %j %s', (_, ages, expected) => {
    expect(new KnownArtifacts().areOlder(page(...ages), fakeNowMs - 60_000)).toBe(expected)
  })
  test('after one with something that was there before hold nothing new', () => {
    const known = new KnownArtifacts()
    known.learn(page(5, 6, 7))
    expect(known.areOlder(page(1, 2, 3), 0)).toBe(false)
    expect(known.areOlder(page(1, 2, 5), 0)).toBe(true)
  })
})

describe('artifacts that are kept', () => {
  test('are those whose names may be codes, also when newer ones push them off the page', () => {
    const known = new KnownArtifacts()
    known.learn([anArtifact(`${challengeCodePrefix}1`, { id: 1 }), anArtifact('coverage', { id: 2 })])
    known.learn(page(1, 2, 3))
    expect([...known.codes].map(({ id }) => id)).toEqual([1])
  })
  test('are bounded; the oldest go', () => {
    const known = new KnownArtifacts()
    const many = Array.from({ length: pollLimits.knownCodesMax + 10 }, (_, index) =>
      anArtifact(`${challengeCodePrefix}${index}`, { id: index + 1 }),
    )
    known.learn(many)
    const ids = [...known.codes].map(({ id }) => id)
    expect([ids.length, ids[0]]).toEqual([pollLimits.knownCodesMax, 11])
  })
})
