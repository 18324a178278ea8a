import { describe, expect, it } from 'vitest'
import { newClaimKey } from './claim-key.ts'
import { testAudience, tryClaim } from './testing/claim-harness.ts'

describe('an answer that cannot be trusted', () => {
  it('is a redirect of the exchange, which is not followed', async () => {
    const { code, log } = await tryClaim({
      exchange: () => ({ status: 302, headers: { location: '/exchange/y' } }),
    })
    expect(code).toBe('redirected')
    expect(log.asked.filter(path => path === 'exchange')).toHaveLength(1)
  })

  it('is a token sealed to another key', async () => {
    const other = (await newClaimKey()).sealTo
    const { code } = await tryClaim({ exchange: claim => claim.seal({ to: other }) })
    expect(code).toBe('token_sealed_to_another')
  })

  it('is a token sealed in another way', async () => {
    const { code } = await tryClaim({ exchange: claim => claim.seal({ alg: 'ECDH-ES+A256KW' }) })
    expect(code).toBe('token_sealed_to_another')
  })

  it('is a token that is not sealed', async () => {
    const body = 'eyJhbGciOiJub25lIn0.e30.'
    const { code } = await tryClaim({
      exchange: () => ({ status: 200, body, headers: { 'content-type': 'text/plain' } }),
    })
    expect(code).toBe('token_not_sealed')
  })

  it.each([
    ['issuer', { iss: 'https://other.example' }],
    ['audience', { aud: 'other' }],
    ['audience, as a list', { aud: [testAudience, 'other'] }],
    ['run', { run_id: '4712' }],
    ['run, as a number', { run_id: 4711 }],
  ])('is a token for another %s', async (_, claims) => {
    const { code } = await tryClaim({ exchange: claim => claim.seal({ claims }) })
    expect(code).toBe('token_mismatch')
  })
})
