import { challengeSentence } from '@forkproof/contracts/challenge'
import { ChallengeCode } from '@forkproof/contracts/ids'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shownCode } from './shown-code.ts'

const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
const codes = hex.map(digits => ChallengeCode.parse(`forkproof-${digits}`))
const seeded = { seed: 20_261_125, numRuns: 500 }

test('every code’s own sentence shows it', () => {
  fc.assert(
    fc.property(codes, code => shownCode(challengeSentence(code)) === code),
    seeded,
  )
})

test('no sentence with anything around or inside it shows a code', () => {
  const noise = fc.string({ minLength: 1, maxLength: 5, unit: 'binary' })
  fc.assert(
    fc.property(codes, noise, fc.nat(200), (code, extra, at) => {
      const sentence = challengeSentence(code)
      const place = Math.min(at, sentence.length)
      const line = sentence.slice(0, place) + extra + sentence.slice(place)
      expect(shownCode(line)).toBeUndefined()
    }),
    seeded,
  )
})

test('no sentence with one character changed shows the same code', () => {
  fc.assert(
    fc.property(codes, fc.nat(200), fc.string({ minLength: 1, maxLength: 1 }), (code, at, other) => {
      const sentence = challengeSentence(code)
      const place = at % sentence.length
      fc.pre(sentence[place] !== other)
      const line = sentence.slice(0, place) + other + sentence.slice(place + 1)
      expect(shownCode(line)).not.toBe(code)
    }),
    seeded,
  )
})
