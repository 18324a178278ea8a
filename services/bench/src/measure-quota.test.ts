import { describe, expect, it } from 'vitest'
import { simulateQuota } from './measure-quota.ts'

const minutes = 60

describe('one host that claims unknown runs at full speed', () => {
  it('delays neither a claim of a related repository nor a build, and meets no limit of GitHub', async () => {
    const quiet = await simulateQuota(minutes, false)
    const flooded = await simulateQuota(minutes, true)
    expect([quiet.failed, flooded.failed, flooded.github.refused]).toEqual([0, 0, 0])
    expect(flooded.claimMs.length).toBeGreaterThanOrEqual(minutes * 2 - 1)
    expect(Math.max(...flooded.claimMs)).toBeLessThanOrEqual(Math.max(...quiet.claimMs) + 100)
    expect(Math.max(...flooded.buildMs)).toBeLessThanOrEqual(Math.max(...quiet.buildMs) + 100)
    expect(flooded.flood.get('started')).toBeGreaterThan(0)
  }, 120_000)
})
