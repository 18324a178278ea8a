import { readdir } from 'node:fs/promises'
import type { BuilderId } from '@forkproof/contracts/ids'
import { expect, vi } from 'vitest'
import type { BuilderSpec, Driver, RunningBuilder } from '../driver.ts'
import { type BuildctlOptions, type BuildctlResult, buildOn, probeImage } from './build-on.ts'
import { type BuildKitHarness, type DriverHarness, someBuilderSpec } from './driver-harness.ts'
import { pidOf } from './real-builder.ts'

const driverMsMax = 60_000

export const boundedSignal = (msMax = driverMsMax): AbortSignal => AbortSignal.timeout(msMax)

export interface CreatedBuilder extends RunningBuilder {
  readonly id: BuilderId
  readonly spec: BuilderSpec
}

/** Sentences that hold for a driver, each with the test that shows it. */
export type Requirements = Readonly<Record<string, (suite: ConformanceSuite) => Promise<void>>>

/** What the requirements are tried with: one driver on one machine. */
export class ConformanceSuite {
  readonly harness: DriverHarness
  driver: Driver

  constructor(harness: DriverHarness) {
    this.harness = harness
    this.driver = harness.openDriver()
  }

  /** @throws for a driver that runs no BuildKit */
  get buildkit(): BuildKitHarness {
    const { buildkit } = this.harness
    if (!buildkit) throw new Error('this harness has nothing to build with')
    return buildkit
  }

  /** Another instance over the same machine takes the driver's place. */
  restart(): void {
    this.driver = this.harness.openDriver()
  }

  async create(more: Partial<BuilderSpec> = {}): Promise<CreatedBuilder> {
    const spec = someBuilderSpec(more)
    return { spec, id: spec.builderId, ...(await this.driver.create(spec, boundedSignal())) }
  }

  async destroyAll(): Promise<void> {
    for (const id of await this.driver.list(boundedSignal())) await this.driver.destroy(id, boundedSignal())
  }

  /** The machine without projects' kept state, which stays on purpose. */
  async inventory(): Promise<readonly string[]> {
    const kept = this.harness.buildkit && `file ${this.harness.buildkit.cacheFolder}`
    return (await this.harness.inventory()).filter(line => kept === undefined || !line.startsWith(kept))
  }

  build(builder: RunningBuilder, ...runs: string[][]): Promise<BuildctlResult> {
    const { buildctl, probe } = this.buildkit.programs
    return buildOn(buildctl, builder.endpoint, probeImage(probe, ...runs))
  }

  /** Builds the greeting image anew, with changes to the build. */
  hello(builder: RunningBuilder, more: Partial<BuildctlOptions> = {}): Promise<BuildctlResult> {
    const { buildctl, probe } = this.buildkit.programs
    return buildOn(buildctl, builder.endpoint, { ...probeImage(probe, ['hello']), args: ['--no-cache'], ...more })
  }

  async expectServes(builder: CreatedBuilder): Promise<void> {
    expect(await this.harness.serves(builder)).toBe(true)
  }

  pidOf(id: BuilderId, program: string): Promise<number> {
    return pidOf(this.driver, id, program)
  }

  /** A build with a RUN step that lasts, once the step runs. */
  async buildInRun(builder: CreatedBuilder): Promise<Promise<BuildctlResult>[]> {
    const building = this.build(builder, ['sleep', '600'])
    await eventually(async () => expect(await this.pidOf(builder.id, 'probe')).not.toBeNaN(), 20_000)
    // In an array, so that awaiting this function does not await the build.
    return [building]
  }
}

export const eventually = (check: () => Promise<void>, msMax: number): Promise<void> =>
  vi.waitFor(check, { timeout: msMax, interval: 50 })

/** Names of every folder in any cgroup hierarchy. */
export async function cgroupNames(): Promise<readonly string[]> {
  const entries = await readdir('/sys/fs/cgroup', { recursive: true, withFileTypes: true })
  return entries.map(({ name }) => name)
}
