import type { BuilderSpec } from '@forkproof/builder-provisioner/drivers/driver'
import { buildOn, probeImage } from '@forkproof/builder-provisioner/drivers/testing/build-on'
import { someBuilderId, someBuilderSpec } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { parseNetwork } from '@forkproof/builder-provisioner/network/networks'
import { UplinkNetwork, type UplinkOptions } from '@forkproof/builder-provisioner/network/uplink-network'
import type { BuilderEndpoint } from '@forkproof/builder-provisioner/state/builder-endpoint'
import type { BuilderId } from '@forkproof/contracts/ids'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { fakeHostPort, fakeHosts, listenIn, openNetworkHarness } from '../testing/builders/network-harness.ts'
import { openProcessDriverHarness } from '../testing/builders/process-driver-harness.ts'

const within = (msMax = 60_000) => AbortSignal.timeout(msMax)
const { buildctl, probe } = inject('programs')
const at = (address: string, port = fakeHostPort) => `${address}:${port}`

let net: Awaited<ReturnType<typeof openNetworkHarness>>
let harness: Awaited<ReturnType<typeof openProcessDriverHarness>>
let uplink: UplinkOptions
let before: readonly string[]

const specOf = (more: Partial<BuilderSpec> = {}) => someBuilderSpec({ egress: 'internet', ...more })
const linksOfUplink = async () =>
  (await net.inUplink('ip', '-brief', 'link', 'show')).split('\n').map(line => line.split(/[@\s]/)[0] ?? '')
const buildkitPidOf = async (id: BuilderId) => {
  const line = (await harness.openDriver().inventory(id, within())).find(one => one.endsWith(' buildkitd'))
  return Number(line?.split(' ')[1])
}
/** Builds with a RUN of the probe and expects what it says to be so. */
async function expectFrom(endpoint: BuilderEndpoint, ...words: string[]): Promise<void> {
  const result = await buildOn(buildctl, endpoint, { ...probeImage(probe, words), args: ['--no-cache'] })
  expect(result, result.output).toMatchObject({ code: 0 })
}

beforeAll(async () => {
  net = await openNetworkHarness()
  uplink = {
    namespace: net.uplink,
    owner: net.uplink,
    prefix: parseNetwork('198.19.64.0/18'),
    nameservers: [fakeHosts.resolver],
    blocked: [`${fakeHosts.otherInternet}/32`],
  }
  harness = await openProcessDriverHarness({ network: new UplinkNetwork(uplink) })
  const missing = await harness.openDriver().missing({ egress: 'internet', builderClass: 'ephemeral' }, within())
  if (missing.length > 0) throw new Error(`this machine cannot run the suite: ${JSON.stringify(missing)}`)
  before = await linksOfUplink()
})

afterEach(async () => {
  const driver = harness.openDriver()
  for (const id of await driver.list(within())) await driver.destroy(id, within())
  expect(await linksOfUplink()).toEqual(before)
})

describe('the stand-ins', () => {
  it('can all be reached without a filter, so that not reaching them means something', async () => {
    for (const address of [fakeHosts.internet, fakeHosts.otherInternet, fakeHosts.machine, ...fakeHosts.forbidden]) {
      await net.inUplink(probe, 'reachable', at(address))
    }
    await net.inUplink(probe, 'reachable', at(fakeHosts.internet, 53))
  })
})

describe('egress internet', () => {
  it('reaches the internet, and neither metadata, private networks, reserved ranges, the machine nor what the operator adds', async () => {
    const { endpoint } = await harness.openDriver().create(specOf(), within())
    await expectFrom(endpoint, 'reachable', at(fakeHosts.internet))
    const forbidden = [...fakeHosts.forbidden, fakeHosts.machine, fakeHosts.otherInternet, '127.0.0.1']
    await expectFrom(endpoint, 'unreachable', forbidden.map(address => at(address)).join(','))
  })

  it('asks names only of the configured resolver', async () => {
    const { endpoint } = await harness.openDriver().create(specOf(), within())
    await expectFrom(endpoint, 'reachable', at(fakeHosts.resolver, 53))
    await expectFrom(endpoint, 'unreachable', at(fakeHosts.internet, 53))
  })

  it('reaches no other builder, not the machine’s end of its link, and has no IPv6', async () => {
    const driver = harness.openDriver()
    const [one, two] = [specOf(), specOf()]
    const { endpoint } = await driver.create(one, within())
    await driver.create(two, within())
    const other = await buildkitPidOf(two.builderId)
    await listenIn(`/proc/${other}/ns/net`, [fakeHostPort])
    const addresses = await net.inUplink('ip', '-brief', '-4', 'address', 'show')
    const outside = [...addresses.matchAll(/^fpb\S+\s+UP\s+(\d+\.\d+\.\d+\.)(\d+)\/30/gm)]
    expect(outside).toHaveLength(2)
    const both = outside.flatMap(([, start, last]) => [`${start}${last}`, `${start}${Number(last) + 1}`])
    await expectFrom(endpoint, 'unreachable', both.map(address => at(address)).join(','))
    expect(await net.inUplink('nsenter', `--net=/proc/${other}/ns/net`, 'ip', '-6', 'address', 'show')).toBe('')
    expect(await net.inUplink('sh', '-c', 'ip -6 address show | grep -A2 fpb || true')).toBe('')
  })

  it('cannot be begun from the machine or the harness: a builder’s own ports answer nobody outside', async () => {
    const spec = specOf()
    await harness.openDriver().create(spec, within())
    const pid = await buildkitPidOf(spec.builderId)
    await listenIn(`/proc/${pid}/ns/net`, [fakeHostPort])
    const addresses = await net.inUplink('ip', '-brief', '-4', 'address', 'show')
    const [, start, last] = /^fpb\S+\s+UP\s+(\d+\.\d+\.\d+\.)(\d+)\/30/m.exec(addresses) ?? []
    await net.inUplink(probe, 'unreachable', at(`${start}${Number(last) + 1}`))
  })

  it('cannot change its own link, even as BuildKit', async () => {
    const spec = specOf()
    await harness.openDriver().create(spec, within())
    const pid = await buildkitPidOf(spec.builderId)
    const asBuilder = ['--target', String(pid), '--user', '--net', '--preserve-credentials', '--', 'setpriv']
    const change = net.inUplink(
      'nsenter',
      ...asBuilder,
      '--reuid',
      '0',
      'ip',
      'address',
      'add',
      '10.66.0.9/24',
      'dev',
      'eth0',
    )
    await expect(change).rejects.toThrow(/not permitted/)
  })

  it('puts the filter back before the next link when somebody has removed it', async () => {
    const driver = harness.openDriver()
    await net.inUplink('nft', 'flush', 'ruleset')
    const { endpoint } = await driver.create(specOf(), within())
    await expectFrom(endpoint, 'unreachable', fakeHosts.forbidden.map(address => at(address)).join(','))
  })

  it('leaves no link when the builder is destroyed, cancelled or killed', async () => {
    const driver = harness.openDriver()
    const spec = specOf()
    await driver.create(spec, within())
    expect(await driver.inventory(spec.builderId, within())).toContain(`link fp${spec.builderId}`)
    await driver.destroy(spec.builderId, within())
    expect(await driver.inventory(spec.builderId, within())).toEqual([])
    for (const ms of [50, 120, 200]) await driver.create(specOf(), AbortSignal.timeout(ms)).catch(() => {})
    const killed = specOf()
    const { ended } = await driver.create(killed, within())
    process.kill(await buildkitPidOf(killed.builderId), 'SIGKILL')
    await ended
    for (const id of await driver.list(within())) await driver.destroy(id, within())
    expect(await linksOfUplink()).toEqual(before)
  })
})

describe('egress none', () => {
  it('has loopback alone, and reaches nothing behind the uplink', async () => {
    const { endpoint } = await harness.openDriver().create(specOf({ egress: 'none' }), within())
    const all = [fakeHosts.internet, fakeHosts.machine, ...fakeHosts.forbidden].map(address => at(address))
    await expectFrom(endpoint, 'unreachable', all.join(','))
  })
})

describe('an uplink that cannot be filtered or used', () => {
  const missingOf = (more: Partial<UplinkOptions>) => new UplinkNetwork({ ...uplink, ...more }).missing(within())

  it('is named when its namespace is not there', async () => {
    expect(await missingOf({ namespace: 'fpt-nowhere' })).toMatchObject([{ howToGet: 'ip netns add fpt-nowhere' }])
  })

  it('is named when it does not forward', async () => {
    await net.inUplink('sysctl', '-q', '-w', 'net.ipv4.ip_forward=0')
    try {
      expect(await missingOf({})).toMatchObject([{ what: 'IPv4 forwarding' }])
    } finally {
      await net.inUplink('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
    }
  })

  it.each([[[]], [['10.66.0.1']], [['::1']]])('is named when its resolvers %j cannot be reached', async nameservers => {
    expect(await missingOf({ nameservers })).toMatchObject([{ what: expect.stringContaining('resolvers') }])
  })

  it('gives no link to a process that has no network namespace of its own', async () => {
    const attach = new UplinkNetwork(uplink).attach({ builderId: someBuilderId(), pid: process.pid }, within())
    await expect(attach).rejects.toThrow('no network namespace of its own')
  })
})
