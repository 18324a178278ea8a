import { describe, expect, it } from 'vitest'
import { challengeCode, challengeSentence, challengeStepName } from './challenge.ts'
import { Audience, ChallengeNonce, ClaimId, Issuer } from './ids.ts'

const parts = {
  issuer: Issuer.parse('https://oidc.example.dev'),
  audience: Audience.parse('https://sts.example.dev'),
  claimId: ClaimId.parse('A'.repeat(43)),
  nonce: ChallengeNonce.parse('B'.repeat(22)),
}

describe('the challenge code', () => {
  it('is the same for the same parts', async () => {
    expect(await challengeCode(parts)).toBe(await challengeCode({ ...parts }))
  })

  it('is a name that an artifact may have', async () => {
    expect(await challengeCode(parts)).not.toMatch(/[":<>|*?\r\n\\/]/)
  })

  it.each([
    ['issuer', { issuer: Issuer.parse('https://oidc.example.org') }],
    ['audience', { audience: Audience.parse('https://sts.example.de') }],
    ['claim', { claimId: ClaimId.parse(`B${'A'.repeat(42)}`) }],
    ['nonce', { nonce: ChallengeNonce.parse(`A${'B'.repeat(21)}`) }],
  ])('is another for another %s', async (_name, change) => {
    expect(await challengeCode({ ...parts, ...change })).not.toBe(await challengeCode(parts))
  })

  it('does not depend on where one part ends and the next begins', async () => {
    const moved = { ...parts, audience: Audience.parse('https://sts.example.dev","x'.replaceAll('"', "'")) }
    expect(await challengeCode(moved)).not.toBe(await challengeCode(parts))
  })

  it('stands in the sentence and the step name as a whole', async () => {
    const code = await challengeCode(parts)
    expect(challengeSentence(code)).toBe(`Waiting for OIDC auth challenge ${code}`)
    expect(challengeStepName(code)).toBe(`proof ${code}`)
  })
})
