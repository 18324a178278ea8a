import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { boundRequirements } from './bound-requirements.ts'
import { boundedSignal, ConformanceSuite, type Requirements } from './conformance-suite.ts'
import type { DriverHarness } from './driver-harness.ts'
import { isolationRequirements } from './isolation-requirements.ts'
import { lifeRequirements, runningBuildRequirements } from './life-requirements.ts'
import { projectRequirements } from './project-requirements.ts'

/** For every driver, whatever its builders do. */
const always: Readonly<Record<string, Requirements>> = { 'a builder': lifeRequirements }

/** For drivers whose builders run BuildKit. */
const withBuildKit: Readonly<Record<string, Requirements>> = {
  'a builder with a build': runningBuildRequirements,
  'isolation, seen from inside of a RUN': isolationRequirements,
  'a bound that is met': boundRequirements,
  'class project': projectRequirements,
}

const countOf = (parts: Readonly<Record<string, Requirements>>): number =>
  Object.values(parts).reduce((sum, part) => sum + Object.keys(part).length, 0)

interface ConformanceOptions {
  /** The driver's name in the table of drivers. */
  readonly name: string
  /** As the driver itself declares it (`DriverDefinition.runsBuildKit`). */
  readonly runsBuildKit: boolean
  /** How many requirements the driver leaves out, so that none is left out unnoticed. */
  readonly leavesOut: number
}

/** What every driver must hold. Called at the top of a test file. */
export function describeDriver(options: ConformanceOptions, open: () => Promise<DriverHarness>): void {
  const { name, runsBuildKit, leavesOut } = options
  const parts = runsBuildKit ? { ...always, ...withBuildKit } : always

  describe(`driver ${name}`, () => {
    let suite: ConformanceSuite
    let before: readonly string[]

    beforeAll(async () => {
      suite = new ConformanceSuite(await open())
      const missing = await suite.driver.missing({ egress: 'none', builderClass: 'project' }, boundedSignal())
      if (missing.length > 0) throw new Error(`this machine cannot run the suite: ${JSON.stringify(missing)}`)
      before = await suite.inventory()
    })

    afterEach(async () => {
      await suite.destroyAll()
      expect(await suite.inventory()).toEqual(before)
    })

    it(`is tried with all but ${leavesOut} requirements`, () => {
      expect(countOf({ ...always, ...withBuildKit }) - countOf(parts)).toBe(leavesOut)
      expect(suite.harness.buildkit !== undefined).toBe(runsBuildKit)
    })

    for (const [title, requirements] of Object.entries(parts)) {
      describe(title, () => {
        it.each(Object.entries(requirements))('%s', (_sentence, run) => run(suite))
      })
    }
  })
}
