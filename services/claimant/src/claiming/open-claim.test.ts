import { challengeCode } from '@forkproof/contracts/challenge'
import { Audience, ClaimId, Issuer } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { newClaimKey } from './claim-key.ts'
import { testAudience, tryClaim } from './testing/claim-harness.ts'
import { type FakeClaim, jsonReply } from './testing/fake-issuer.ts'

describe('an issuer that relays', () => {
  const honest = ({ answer }: FakeClaim) => ({
    issuer: Issuer.parse(new URL(answer.exchangeURL).origin),
    audience: testAudience,
    claimId: answer.claimId,
    nonce: answer.nonce,
  })

  /** The code of the failure, once it is certain that the run showed nothing and asked for nothing more. */
  const refusedUnshown = async (change: (claim: FakeClaim) => Promise<object> | object) => {
    const tried = await tryClaim({
      claim: async claim => jsonReply(200, { ...claim.answer, ...(await change(claim)) }),
    })
    expect(tried.outcome).toMatchObject({ kind: 'untrusted' })
    expect(tried.log.sentences).toEqual([])
    expect(tried.log.asked).toEqual(['claim'])
    return tried.code
  }

  it('is told from an honest one by the code alone', async () => {
    const { code } = await tryClaim({
      claim: async claim => jsonReply(200, { ...claim.answer, challengeCode: await challengeCode(honest(claim)) }),
    })
    expect(code).toBe('token')
  })

  it.each([
    ['issuer', { issuer: Issuer.parse('https://other.example') }],
    ['audience', { audience: Audience.parse('https://other.example') }],
    ['key', { claimId: ClaimId.parse('A'.repeat(43)) }],
  ])('gets nothing shown for a code made for another %s', async (_, other) => {
    const code = await refusedUnshown(async claim => ({
      challengeCode: await challengeCode({ ...honest(claim), ...other }),
    }))
    expect(code).toBe('challenge_foreign')
  })

  it('gets nothing shown for a code of its own making', async () => {
    const code = await refusedUnshown(() => ({ challengeCode: `forkproof-${'0'.repeat(64)}` }))
    expect(code).toBe('challenge_foreign')
  })

  it('gets nothing shown for another claim, even with the code that fits it', async () => {
    const { claimId } = await newClaimKey()
    const code = await refusedUnshown(async claim => ({
      claimId,
      challengeCode: await challengeCode({ ...honest(claim), claimId }),
    }))
    expect(code).toBe('claim_id_foreign')
  })

  it.each(['https://other.example/exchange/x', 'http://127.0.0.1:1/exchange/x', 'http://127.0.0.1.other.example/x'])(
    'gets nothing shown when the token is to be fetched at %s',
    async exchangeURL => {
      expect(await refusedUnshown(() => ({ exchangeURL }))).toBe('exchange_elsewhere')
    },
  )

  it('gets nothing shown when the exchange address carries credentials', async () => {
    const code = await refusedUnshown(({ answer }) => ({
      exchangeURL: answer.exchangeURL.replace('http://', 'http://user:word@'),
    }))
    expect(code).toBe('exchange_elsewhere')
  })

  it.each([
    ['no nonce', { nonce: undefined }],
    ['a short nonce', { nonce: 'abc' }],
    ['a code with text around it', { challengeCode: `x forkproof-${'0'.repeat(64)}` }],
    ['a code that is a command', { challengeCode: '::add-path::/evil' }],
    ['an expiry that is a command', { expiresAt: '\n::add-path::/evil' }],
    ['an unknown channel', { channels: ['telepathy'] }],
  ])('gets nothing shown for an answer with %s', async (_, change) => {
    expect(await refusedUnshown(() => change)).toBe('answer_malformed')
  })
})

describe('the answer to a claim', () => {
  it('is not taken from where a redirect leads', async () => {
    const { code, log } = await tryClaim({ claim: () => ({ status: 307, headers: { location: '/claim' } }) })
    expect(code).toBe('redirected')
    expect(log.asked).toEqual(['claim'])
  })

  it('is not read beyond its bound', async () => {
    const { code } = await tryClaim({ claim: () => ({ status: 200, body: ' '.repeat(70_000) }) })
    expect(code).toBe('answer_too_large')
  })
})
