import { openWithBuildToken } from '@forkproof/infra/seal'
import { describe, expect, it } from 'vitest'
import { NodeHarness, testBuildToken } from './testing/node-harness.ts'

describe('a lease', () => {
  it('is accepted, gets a builder of its own and ends with a receipt that nothing is left', async () => {
    const harness = new NodeHarness()
    await harness.start()
    const lease = harness.request()
    const ready = await harness.event(lease, 'ready')
    expect(ready.data).toMatchObject({ nodeId: 'node-1', emulated: false, timings: { warm: false, canaryMs: 20 } })
    expect(harness.proxy.isAllowed(lease)).toBe(true)
    harness.release(lease)
    const destroyed = await harness.event(lease, 'destroyed')
    expect(destroyed.data).toMatchObject({ reason: 'finished', builderId: ready.data.builderId })
    expect(destroyed.data.receipt).toMatchObject({ driver: 'memory', during: { process: 1, mount: 1 }, leftovers: [] })
    expect(harness.kinds(lease)).toEqual(['accepted', 'ready', 'destroyed'])
    expect([harness.driver.machine.size, harness.proxy.routes.size, harness.builderRecords.texts.size]).toEqual([
      0, 0, 0,
    ])
  })

  it('gets a key that only the build’s token opens, and a certificate that ends with it', async () => {
    const harness = new NodeHarness()
    await harness.start()
    const lease = harness.request({ leaseMs: 60_000 })
    const { connection } = (await harness.event(lease, 'ready')).data
    const key = await openWithBuildToken(connection.sealedClientKey ?? '', testBuildToken)
    expect(key.reveal()).toBe(`key of ${lease}`)
    expect(connection.clientCertificate).toContain(`until ${harness.clock.now() + 60_000}`)
  })

  it('makes no key for a client that has one', async () => {
    const harness = new NodeHarness()
    await harness.start()
    const certificateRequest = '-----BEGIN CERTIFICATE REQUEST-----\ngood\n-----END CERTIFICATE REQUEST-----\n'
    const lease = harness.request({ certificateRequest })
    expect((await harness.event(lease, 'ready')).data.connection.sealedClientKey).toBeUndefined()
  })

  it('takes a warm builder at once, and another is made', async () => {
    const harness = new NodeHarness()
    await harness.start({ warm: 1 })
    const warm = await harness.until(() => harness.driver.made[0])
    const lease = harness.request()
    const ready = await harness.event(lease, 'ready')
    expect(ready.data).toMatchObject({ builderId: warm.builderId, timings: { warm: true } })
    expect(harness.kinds(lease)).toEqual(['ready'])
    const second = await harness.until(() => harness.driver.made[1])
    expect(second.builderId).not.toBe(warm.builderId)
  })

  it('of a project is a stranger to the one before on the same builder: another authority, another name', async () => {
    const harness = new NodeHarness()
    await harness.start()
    const ready = async () => (await harness.event(harness.request({ builderClass: 'project' }), 'ready')).data
    const [one, other] = [await ready(), await ready()]
    expect(other.builderId).toBe(one.builderId)
    expect(other.connection.serverName).not.toBe(one.connection.serverName)
    expect(other.connection.caCertificate).not.toBe(one.connection.caCertificate)
  })
})
