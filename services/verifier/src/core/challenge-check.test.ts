import { Audience, ChallengeCode, ChallengeNonce, Issuer } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { aClaimSpec, verifierIssuer } from '../testing/fake-github-answers.ts'
import { specIsConsistent } from './challenge-check.ts'

const spec = await aClaimSpec()
const other = await aClaimSpec()

describe('a claim from a gateway that cannot be trusted', () => {
  test.each([
    ['with a foreign code', { challengeCode: other.challengeCode }],
    ['with a made-up code', { challengeCode: ChallengeCode.parse(`forkproof-${'0'.repeat(64)}`) }],
    ['with a swapped key', { sealKey: other.sealKey }],
    ['with a swapped id', { claimId: other.claimId }],
    ['with id and key of another claim', { claimId: other.claimId, sealKey: other.sealKey }],
    ['with another audience', { audience: Audience.parse('https://other.example.com') }],
    ['with another nonce', { nonce: ChallengeNonce.parse('m'.repeat(22)) }],
  ])('%s is noticed', async (_, changes) => {
    expect(await specIsConsistent({ ...spec, ...changes }, verifierIssuer)).toBe(false)
  })
  test('made for another issuer is noticed', async () => {
    expect(await specIsConsistent(spec, Issuer.parse('https://evil.example.com'))).toBe(false)
  })
  test('that hangs together passes', async () => {
    expect(await specIsConsistent(spec, verifierIssuer)).toBe(true)
  })
})
