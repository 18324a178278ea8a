import { JobId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { ClaimLog, testAudience, tryClaim } from './testing/claim-harness.ts'
import { type FakeReply, jsonReply } from './testing/fake-issuer.ts'

describe('a claim', () => {
  it('ends with the opened token and says what the issuer saw', async () => {
    const { outcome, log } = await tryClaim({})
    expect(outcome).toMatchObject({ proof: 'log', expiresAtSeconds: 1_900_000_000, jwt: expect.stringMatching(/^eyJ/) })
    expect(log.asked).toContain('claims/shown')
  })

  it('sends the run, the audience and only the public half of its key', async () => {
    const { log } = await tryClaim({}, { jobId: JobId.parse('99') })
    const body: unknown = JSON.parse(log.bodies[0] ?? '')
    expect(body).toEqual({
      aud: testAudience,
      eventName: 'pull_request',
      repo: 'acme/widgets',
      runID: '4711',
      attempt: '2',
      jobID: '99',
      sealTo: { kty: 'OKP', crv: 'X25519', x: expect.any(String) },
      channels: ['log'],
    })
  })

  it('sends no job id unless told to', async () => {
    const { log } = await tryClaim({})
    expect(log.bodies[0]).not.toContain('jobID')
  })

  it('asks again as Retry-After says while it is pending', async () => {
    const { code, log } = await tryClaim({
      exchange: (claim, attempt) => (attempt < 3 ? jsonReply(202, {}, { 'retry-after': '3' }) : claim.seal()),
    })
    expect(code).toBe('token')
    expect(log.sleptMs.filter(ms => ms === 3_000)).toHaveLength(2)
    expect(log.warned).toEqual([])
  })

  it('does not let Retry-After: 0 become a busy loop', async () => {
    const { log } = await tryClaim({
      exchange: (claim, attempt) => (attempt < 2 ? jsonReply(202, {}, { 'retry-after': '0' }) : claim.seal()),
    })
    expect(log.sleptMs).toContain(200)
  })

  it('backs off exponentially from errors of the exchange and gets its token all the same', async () => {
    const { code, log } = await tryClaim({
      exchange: (claim, attempt) => (attempt < 4 ? jsonReply(503, {}) : claim.seal()),
    })
    expect(code).toBe('token')
    expect(log.sleptMs.filter(ms => ms !== 1_000)).toEqual([187.5, 375, 750])
    expect(log.warned).toHaveLength(3)
  })

  it('asks again when the connection breaks during the exchange', async () => {
    const { code } = await tryClaim({ exchange: (claim, attempt) => (attempt === 1 ? 'drop' : claim.seal()) })
    expect(code).toBe('token')
  })

  it('waits as long as a 429 asks', async () => {
    const { code, log } = await tryClaim({
      claim: (claim, attempt) =>
        attempt === 1 ? jsonReply(429, {}, { 'retry-after': '7' }) : jsonReply(200, claim.answer),
    })
    expect(code).toBe('token')
    expect(log.sleptMs).toContain(7_000)
  })

  it('makes a fresh key for every attempt, because a lost answer may have used the last one', async () => {
    const { log } = await tryClaim({ claim: (claim, attempt) => (attempt < 3 ? 'drop' : jsonReply(200, claim.answer)) })
    const bodies = log.bodies.filter((_, index) => log.asked[index] === 'claim')
    expect(new Set(bodies).size).toBe(3)
  })

  it('gives up at its deadline and names the last problem', async () => {
    const { outcome } = await tryClaim({ claim: () => jsonReply(502, {}) }, { timeoutMs: 200 })
    expect(outcome).toMatchObject({ kind: 'unavailable', code: 'timeout', detail: expect.stringContaining('502') })
  })

  it('gives up at its deadline while an exchange is held', async () => {
    const { outcome } = await tryClaim({ exchange: () => new Promise<FakeReply>(() => undefined) }, { timeoutMs: 200 })
    expect(outcome).toMatchObject({ kind: 'unavailable', code: 'timeout' })
  })
})

describe('a refusal', () => {
  it('stops at once and is told in our own words', async () => {
    const { outcome, log } = await tryClaim({
      claim: () => jsonReply(403, { code: 'repository_not_served', title: 'x' }),
    })
    expect(outcome).toMatchObject({ kind: 'refused', code: 'repository_not_served' })
    expect(outcome).toHaveProperty('message', 'This issuer does not serve that repository')
    expect(log.asked).toEqual(['claim'])
  })

  it('of the exchange carries the reason and what to do', async () => {
    const { outcome } = await tryClaim({
      exchange: () => jsonReply(403, { code: 'code_not_seen', reason: 'code_not_seen' }),
    })
    expect(outcome).toMatchObject({
      kind: 'refused',
      code: 'code_not_seen',
      advice: expect.stringContaining('artifact'),
    })
  })

  it('that is a verdict is final for its claim even with a status that usually passes', async () => {
    const { code, log } = await tryClaim({ exchange: () => jsonReply(503, { code: 'github_unavailable' }) })
    expect(code).toBe('github_unavailable')
    const exchanges = log.asked.filter(path => path === 'exchange')
    expect(exchanges).toHaveLength(log.asked.filter(path => path === 'claim').length)
  })

  it('cannot smuggle runner commands into the log', async () => {
    const detail = 'no\n::add-path::/evil\r\n##[add-path]/evil\u2028::stop-commands::x'
    const { outcome } = await tryClaim({ claim: () => jsonReply(400, { code: 'invalid_request', detail }) })
    expect(outcome).toHaveProperty('detail', expect.not.stringMatching(/::|##\[|[\n\r\u2028]/))
  })

  it.each(['not json', '[]', '{"code":7}', '{"code":"__proto__"}'])(
    'of the shape %s is still a refusal',
    async body => {
      const { outcome } = await tryClaim({ claim: () => ({ status: 418, body }) })
      expect(outcome).toMatchObject({ kind: 'refused', code: 'refused' })
    },
  )
})

describe('the sentence', () => {
  it('is printed alone on its line, again and again while the exchange is held, and not after the token', async () => {
    const log = new ClaimLog()
    await tryClaim(
      {
        exchange: async claim => {
          await expect.poll(() => log.sentences.length, { interval: 1 }).toBeGreaterThan(3)
          return claim.seal()
        },
      },
      { log },
    )
    expect(new Set(log.sentences).size).toBe(1)
    expect(log.sentences[0]).toMatch(/^Waiting for OIDC auth challenge forkproof-[0-9a-f]{64}$/)
  })
})
