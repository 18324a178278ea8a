import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { subjects } from '@forkproof/contracts/subjects'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { machineInventory } from '../testing/builders/machine-inventory.ts'
import { ProvisionerHarness, type RequestedLease } from '../testing/builders/provisioner-harness.ts'
import { buildWith, imageContext } from '../testing/remote-build.ts'
import { waitUntil } from '../testing/wait-until.ts'

let service: ProvisionerHarness
let programs: ReturnType<typeof inject<'programs'>>
const cgroup = `/forkproof-service-${process.pid}`

beforeAll(async () => {
  programs = inject('programs')
  service = await ProvisionerHarness.open({
    FORKPROOF_PROVISIONER_BUILDKITD_PATH: programs.buildkitd,
    FORKPROOF_PROVISIONER_RUNC_PATH: programs.runc,
    FORKPROOF_PROVISIONER_PROBE_PATH: programs.probe,
    FORKPROOF_PROVISIONER_PROCESS_CGROUP: cgroup,
    FORKPROOF_PROVISIONER_CAPACITY: '2',
    FORKPROOF_PROVISIONER_WARM: '1',
    FORKPROOF_PROVISIONER_CLIENT_GONE_SECONDS: '6',
    FORKPROOF_PROVISIONER_BUILDER_MEMORY_MB: '512',
    FORKPROOF_PROVISIONER_BUILDER_DISK_MB: '256',
  })
  await service.start()
})

const context = (lines?: readonly string[]) => imageContext({ probe: programs.probe, folder: service.folder }, lines)
/** A context of its own unless one is given: no build is served from another's cache by accident. */
const buildWithLease = async (lease: RequestedLease, from?: string) =>
  buildWith({ buildctl: programs.buildctl, to: await lease.credentials() }, from ?? (await context()))
const builderRecords = () => readdir(join(service.folder, 'builders', 'records', 'builders'))
const isWarm = () => waitUntil('a warm builder', () => service.output.includes('"ready"'), { msMax: 30_000 })
const traces = () =>
  machineInventory({ words: [service.folder, cgroup], folders: [], ignored: /$^/ }).then(found =>
    found.filter(trace => !trace.includes('main.ts')),
  )

describe('the provisioner on a real bus with real builders', () => {
  it('leases a builder, through the door, for one build, and gives a receipt that nothing is left', async () => {
    await isWarm()
    const lease = await service.lease()
    await lease.ask()
    const { timings } = (await lease.event('ready')).data
    const done = await buildWithLease(lease)
    expect(done.code, done.output).toBe(0)
    await lease.release()
    const { receipt, reason } = (await lease.event('destroyed')).data
    expect([reason, receipt.leftovers, receipt.driver]).toEqual(['finished', [], 'process'])
    expect(receipt.during['process']).toBeGreaterThan(0)
    expect(receipt.teardownMs).toBeLessThan(2_000)
    expect(timings.leaseMs).toBeLessThan(20_000)
  })

  it('refuses the certificate of a lease that is over', async () => {
    const lease = await service.lease()
    await lease.ask()
    await lease.event('ready')
    await lease.release()
    await lease.event('destroyed')
    expect((await buildWithLease(lease)).code).not.toBe(0)
  })

  it('shares a project’s builder among its leases, and keeps its state for the next', async () => {
    const leases = [await service.lease('project'), await service.lease('project')] as const
    for (const lease of leases) await lease.ask()
    const ready = await Promise.all(leases.map(lease => lease.event('ready')))
    expect(new Set(ready.map(({ data }) => data.builderId)).size).toBe(1)
    const from = await context()
    const built = await Promise.all(leases.map(lease => buildWithLease(lease, from)))
    expect(built.map(({ code, output }) => [code, code === 0 ? '' : output])).toEqual([
      [0, ''],
      [0, ''],
    ])
    await leases[0].release()
    expect((await leases[0].event('destroyed')).data.receipt.during).toEqual({ permission: 1 })
    expect((await buildWithLease(leases[1], from)).output).toContain('CACHED')
    await leases[1].release()
    expect((await leases[1].event('destroyed')).data.receipt.leftovers).toEqual([])
    const next = await service.lease('project')
    await next.ask()
    expect((await buildWithLease(next, from)).output).toContain('CACHED')
    await next.release()
    await next.event('destroyed')
  })

  it('ends a lease whose client never comes, and keeps one that says it lives', async () => {
    const [silent, alive] = [await service.lease(), await service.lease()]
    await silent.ask()
    await silent.event('ready')
    await alive.ask()
    await alive.event('ready')
    const gateway = await service.bus.busOf('gateway')
    const pulse = setInterval(() => gateway.publish(subjects.alive(alive.buildId), ''), 500)
    expect((await silent.event('destroyed')).data.reason).toBe('client_gone')
    clearInterval(pulse)
    expect(alive.kinds()).not.toContain('destroyed')
    await alive.release()
    await alive.event('destroyed')
  })

  it('ends a lease at its wall clock in the middle of a build', async () => {
    const lease = await service.lease()
    await lease.ask({ leaseMs: 10_000 })
    await lease.event('ready')
    const done = await buildWithLease(lease, await context(['RUN ["/probe","sleep","60"]']))
    expect([done.code === 0, done.output]).toEqual([false, expect.stringContaining('RUN')])
    expect((await lease.event('destroyed')).data).toMatchObject({ reason: 'time_up', receipt: { leftovers: [] } })
  })

  it('comes back after SIGKILL, finds nothing alive, and answers for every lease', async () => {
    const lease = await service.lease()
    await lease.ask()
    await lease.event('ready')
    await service.kill()
    const released = lease.release('canceled')
    await service.start()
    await released
    const { receipt, reason } = (await lease.event('destroyed')).data
    expect(['builder_lost', 'canceled']).toContain(reason)
    expect(receipt.leftovers).toEqual([])
    const next = await service.lease()
    await next.ask()
    expect((await buildWithLease(next)).code).toBe(0)
    await next.release()
    await next.event('destroyed')
  })

  it('destroys everything when it is stopped, and says so', async () => {
    const lease = await service.lease()
    await lease.ask()
    await lease.event('ready')
    expect(await service.stop()).toBe(0)
    expect((await lease.event('destroyed')).data.reason).toBe('node_stopping')
    expect(await builderRecords()).toEqual([])
    expect(await traces()).toEqual([])
  })
})
