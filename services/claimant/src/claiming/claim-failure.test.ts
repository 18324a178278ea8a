import { errorTable, refusalReasons } from '@forkproof/contracts/errors'
import { describe, expect, it } from 'vitest'
import { describeFailure, refusalFailure } from './claim-failure.ts'

describe('a refusal', () => {
  it.each(refusalReasons)('says what to do about %s', reason => {
    const [first, last] = describeFailure(refusalFailure(reason, 403)).split('\n')
    expect(first).toBe(`${errorTable[reason].title} (${reason})`)
    expect(last).toMatch(/^What to do: [A-Z].*\.$/)
  })

  it('of a later release is told with its status alone', () => {
    expect(describeFailure(refusalFailure('moon_in_the_wrong_phase', 403))).toBe(
      'The issuer refused with status 403 (refused)',
    )
  })
})
