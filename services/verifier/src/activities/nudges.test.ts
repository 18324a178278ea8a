import { subjects } from '@forkproof/contracts/subjects'
import { describe, expect, test } from 'vitest'
import { aClaimSpec } from '../testing/fake-github-answers.ts'
import { followNudges } from './nudges.ts'

const { claimId } = await aClaimSpec()

function heard(subject: string): unknown[] {
  const nudges: unknown[] = []
  let hand: (subject: string, text: string) => void = () => undefined
  followNudges({ subscribe: (_, handle) => (hand = handle) }, (id, kind) => nudges.push([id, kind]))
  hand(subject, '')
  return nudges
}

describe('nudges', () => {
  test.each(['shown', 'asked'] as const)('of the kind %s are handed on', kind => {
    expect(heard(subjects.nudge(claimId, kind))).toEqual([[claimId, kind]])
  })
  test.each([
    'nudge',
    'nudge.shown',
    'nudge.shown.x',
    `nudge.seen.${claimId}`,
    `nudge.shown.${claimId}.more`,
    `nudge.shown..${claimId}`,
  ])('that are none are ignored: %s', subject => {
    expect(heard(subject)).toEqual([])
  })
})
