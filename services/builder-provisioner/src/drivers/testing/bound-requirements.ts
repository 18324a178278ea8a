import { expect } from 'vitest'
import { buildOn, probeImage } from './build-on.ts'
import { boundedSignal, eventually, type Requirements } from './conformance-suite.ts'
import { countTasks } from './real-builder.ts'

export const boundRequirements: Requirements = {
  'by a fork bomb hurts only its builder': async suite => {
    const { driver } = suite
    const { buildctl, probe } = suite.buildkit.programs
    const [bad, good] = [await suite.create(), await suite.create()]
    const stop = new AbortController()
    const bombing = buildOn(buildctl, bad.endpoint, { ...probeImage(probe, ['fork-bomb']), signal: stop.signal })
    await eventually(async () => expect(await countTasks(driver, bad.id)).toBeGreaterThan(150), 30_000)
    await suite.expectServes(good)
    // 200, and some that stand outside of the bound.
    expect(await countTasks(driver, bad.id)).toBeLessThan(230)
    await driver.destroy(bad.id, boundedSignal())
    stop.abort()
    await bombing
    await suite.expectServes(good)
  },

  'by a memory hog hurts only its builder': async suite => {
    const [bad, good] = [await suite.create(), await suite.create()]
    const hogging = await suite.build(bad, ['memory-hog'])
    expect(hogging.code).not.toBe(0)
    await suite.expectServes(good)
    await suite.driver.destroy(bad.id, boundedSignal())
  },

  'by a filled disk hurts only its builder': async suite => {
    const [bad, good] = [await suite.create(), await suite.create()]
    const filling = await suite.build(bad, ['disk-fill', '/full'])
    expect(filling.output).toMatch(/full after [0-9]+ MiB: .*no space left/)
    const written = Number(/full after ([0-9]+) MiB/.exec(filling.output)?.[1])
    expect(written).toBeLessThan(256)
    await suite.expectServes(good)
  },
}
