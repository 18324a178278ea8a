import fc from 'fast-check'
import { expect, it } from 'vitest'
import { gatewayHarness, goodClaim } from '../testing/gateway-harness.ts'

const seed = 20_260_301
const endless = { claimsPerAddress: 1_000_000, claimsPerRepository: 1_000_000, claimsPerRun: 1_000_000 }
const members = ['aud', 'eventName', 'repo', 'runID', 'attempt', 'jobID', 'sealTo', 'channels', '__proto__', 'toString']

it('never answers 5xx to any text, and starts nothing on 4xx', async () => {
  const { claim, claims } = await gatewayHarness(endless)
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.json({ maxDepth: 6 }))
  await fc.assert(
    fc.asyncProperty(text, async body => {
      const before = claims.started.length
      const { statusCode } = await claim(body)
      expect(statusCode).toBeGreaterThanOrEqual(400)
      expect(statusCode).toBeLessThan(500)
      expect(claims.started).toHaveLength(before)
    }),
    { seed, numRuns: 400 },
  )
})

it('starts a claim exactly when it answers 200, whatever one member is changed to', async () => {
  const { claim, claims } = await gatewayHarness(endless)
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'binary' }), fc.bigInt().map(String))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...members), value, async (member, changed) => {
      const before = claims.started.length
      const response = await claim(JSON.stringify({ ...goodClaim, [member]: changed }))
      expect(response.statusCode).toBeLessThan(500)
      expect(claims.started.length - before).toBe(response.statusCode === 200 ? 1 : 0)
      if (response.statusCode !== 200) expect(response.json().code).toMatch(/^[a-z_]+$/)
    }),
    { seed, numRuns: 600 },
  )
})
