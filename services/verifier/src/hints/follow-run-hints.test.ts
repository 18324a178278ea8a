import type { RunHint } from '@forkproof/contracts/run-hint'
import { subjects } from '@forkproof/contracts/subjects'
import { describe, expect, test } from 'vitest'
import { jobHint, pullRequestHint, runHint } from '../testing/sample-hints.ts'
import { followRunHints } from './follow-run-hints.ts'

function heard(subject: string, text: string): unknown[] {
  const hints: RunHint[] = []
  let hand: (subject: string, text: string) => void = () => undefined
  followRunHints({ subscribe: (_, handle) => (hand = handle) }, hint => hints.push(hint))
  hand(subject, text)
  return hints
}

const hint = runHint()
const text = JSON.stringify(hint)

describe('a hint on the bus', () => {
  test.each([hint, jobHint(), pullRequestHint('a'.repeat(40))])('is handed on: $about', one => {
    expect(heard(subjects.runHint(one), JSON.stringify(one))).toEqual([one])
  })
  test('of a newer gateway is read without what it says more', () => {
    expect(heard('run-hint.1001', JSON.stringify({ ...hint, conclusion: 'cancelled' }))).toEqual([hint])
  })
  test.each([
    ['on the subject of another repository', 'run-hint.1002', text],
    ['of a kind that is not known', 'run-hint.1001', text.replace('"run"', '"deployment"')],
    ['of an action that is not known', 'run-hint.1001', text.replace('completed', 'paused')],
    ['without a run', 'run-hint.1001', text.replace('runId', 'run')],
    ['that is no JSON', 'run-hint.1001', text.slice(1)],
    ['that is empty', 'run-hint.1001', ''],
    ['that is too long', 'run-hint.1001', JSON.stringify({ ...hint, more: 'x'.repeat(1_000) })],
    ['that is a list', 'run-hint.1001', `[${text}]`],
  ])('%s is ignored', (_, subject, sent) => {
    expect(heard(subject, sent)).toEqual([])
  })
})
