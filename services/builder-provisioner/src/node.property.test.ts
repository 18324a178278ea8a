import type { LeaseId } from '@forkproof/contracts/ids'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { letSettle, NodeHarness } from './testing/node-harness.ts'

const seed = 20_260_815
const leasesMax = 6

type NodeStep =
  | { readonly kind: 'request'; readonly who: number; readonly project: boolean; readonly waitMs: number }
  | { readonly kind: 'release' | 'connect' | 'leave'; readonly who: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'die'; readonly which: number }
  | { readonly kind: 'bus'; readonly up: boolean }
  | { readonly kind: 'restart' | 'stop' }
  | { readonly kind: 'fault'; readonly fault: 'none' | 'create' | 'leaves' | 'slow' }

const who = fc.nat(leasesMax - 1)
const step: fc.Arbitrary<NodeStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      who,
      project: fc.boolean(),
      waitMs: fc.constantFrom(0, 20_000, 300_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('release', 'connect', 'leave' as const), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(500, 5_000, 40_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('die' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bus' as const), up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'stop' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom('none', 'create', 'leaves', 'slow' as const),
    }),
  },
)

const settings = { capacity: 2, warm: 1 }

class NodeRun {
  readonly harness = new NodeHarness()
  readonly leases: LeaseId[] = []
  readonly served = new Map<string, Set<LeaseId>>()

  async run(one: NodeStep): Promise<void> {
    const { harness } = this
    const leaseId = 'who' in one ? this.leases[one.who] : undefined
    if (one.kind === 'request') this.#request(one)
    if (one.kind === 'release' && leaseId) harness.release(leaseId)
    if (one.kind === 'connect' && leaseId) harness.proxy.setConnections(leaseId, 1)
    if (one.kind === 'leave' && leaseId) harness.proxy.setConnections(leaseId, 0)
    if (one.kind === 'pass') await harness.pass(one.ms, 2_500)
    if (one.kind === 'die') harness.driver.kill([...harness.driver.machine.keys()][one.which] ?? ('none' as never))
    if (one.kind === 'bus') harness.bus.up = one.up
    if (one.kind === 'fault') this.#fault(one.fault)
    if (one.kind === 'restart' || one.kind === 'stop') await this.#again(one.kind)
    await letSettle()
    this.#check()
  }

  #request({ who: index, project, waitMs }: NodeStep & { kind: 'request' }): void {
    const builderClass = project ? 'project' : 'ephemeral'
    const known = this.leases[index]
    if (known) this.harness.request({ leaseId: known, builderClass, waitMs })
    else this.leases.push(this.harness.request({ builderClass, waitMs }))
  }

  #fault(fault: (NodeStep & { kind: 'fault' })['fault']): void {
    const { harness } = this
    harness.driver.faults = {}
    if (fault === 'create') harness.driver.faults.create = () => Promise.reject(new Error('no'))
    if (fault === 'leaves') harness.driver.faults.leaves = ['mount /x']
    if (fault === 'slow') harness.driver.faults.create = () => harness.clock.sleep(10_000)
  }

  async #again(kind: 'restart' | 'stop'): Promise<void> {
    if (kind === 'stop') {
      void this.harness.stop()
      await this.harness.pass(21_000, 2_500)
    }
    this.harness.kill()
    await this.harness.start(settings)
  }

  /** What holds at every moment. */
  #check(): void {
    const { harness } = this
    expect(harness.driver.machine.size).toBeLessThanOrEqual(settings.capacity)
    const ephemeral = harness.driver.made.filter(({ kind }) => kind.class === 'ephemeral')
    for (const { builderId } of ephemeral) {
      const users = this.leases.filter(leaseId => harness.everServed(leaseId).has(`unix:///nowhere/${builderId}.sock`))
      expect(users.length, `${builderId} serves one lease`).toBeLessThanOrEqual(1)
    }
    for (const leaseId of this.leases) {
      const ends = harness.kinds(leaseId).filter(kind => kind === 'failed' || kind === 'destroyed')
      expect(ends.length, `${leaseId} ends once`).toBeLessThanOrEqual(1)
    }
  }

  /** When faults are over and time is up, everything is over too. */
  async finish(): Promise<void> {
    const { harness } = this
    harness.bus.up = true
    harness.driver.faults = {}
    await harness.pass(30 * 60_000, 15_000)
    this.#check()
    for (const leaseId of this.leases) {
      expect(harness.kinds(leaseId), `${leaseId} ends`).toSatisfy(
        (kinds: readonly string[]) => kinds.filter(kind => kind === 'failed' || kind === 'destroyed').length === 1,
      )
      expect(harness.proxy.isAllowed(leaseId)).toBe(false)
    }
    expect(harness.proxy.routes.size, 'the door is shut').toBe(0)
    const warm = [...harness.driver.machine.keys()]
    expect(warm.length, 'only the warm pool stands').toBe(settings.warm)
  }
}

it('no sequence of commands, deaths and faults shares a single-use builder, leaks one, or ends a lease never or twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async steps => {
      const run = new NodeRun()
      await run.harness.start(settings)
      for (const one of steps) await run.run(one)
      await run.finish()
    }),
    { seed, numRuns: 60 },
  )
}, 120_000)
