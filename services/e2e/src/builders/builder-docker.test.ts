import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDiskImage } from '@forkproof/builder-provisioner/drivers/disks/disk-image'
import { mountDiskImage, unmountDisk } from '@forkproof/builder-provisioner/drivers/docker/disk-mount'
import { DockerDriver, dockerDriver } from '@forkproof/builder-provisioner/drivers/docker/docker-driver'
import { buildOn, probeImage } from '@forkproof/builder-provisioner/drivers/testing/build-on'
import { describeDriver } from '@forkproof/builder-provisioner/drivers/testing/driver-conformance'
import { mebibyte, someBuilderSpec } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { linkName } from '@forkproof/builder-provisioner/network/network'
import { parseNetwork } from '@forkproof/builder-provisioner/network/networks'
import { UplinkNetwork } from '@forkproof/builder-provisioner/network/uplink-network'
import type { BuilderId } from '@forkproof/contracts/ids'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import { importBuilderImage } from '../testing/builders/builder-image.ts'
import { buildKitHarness } from '../testing/builders/buildkit-harness.ts'
import { DockerHarness } from '../testing/builders/docker-harness.ts'
import { openFakeHostService } from '../testing/builders/fake-host-service.ts'
import { machineInventory } from '../testing/builders/machine-inventory.ts'
import { fakeHostPort, fakeHosts, openNetworkHarness } from '../testing/builders/network-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

const image = 'forkproof-test/builder:1'
const within = (msMax = 60_000) => AbortSignal.timeout(msMax)
/**
 * Databases and logs of Docker and containerd, which grow on their own, and the list of layers, which it fills and
 * empties.
 */
const ignored = /\/(log|docker\.sock|exec\/containerd\/.*|data\/.*\/(containerd|buildkit|network|image|tmp)(\/.*)?)$/

let docker: DockerHarness
/** Closed to everybody but root, as the provisioner's own is. */
const stateFolder = () => join(docker.sharedFolder, 'node')
const driverOn = (socketPath: string, reference = image) =>
  new DockerDriver({ socketPath, image: reference, nodeId: 'node-1', stateFolder: stateFolder() })

beforeAll(async () => {
  docker = await DockerHarness.start()
  afterFile(() => docker.stop())
  await mkdir(stateFolder(), { mode: 0o700 })
  await importBuilderImage(docker.socketPath, inject('programs'), image)
  for (const target of docker.fakeHosts) await docker.runAround(inject('programs').probe, ['reachable', target])
})

const inventory = () => machineInventory({ words: [docker.folder, docker.cgroup], folders: [docker.folder], ignored })

describeDriver({ name: 'docker', runsBuildKit: dockerDriver.runsBuildKit, leavesOut: 0 }, async () => {
  // What Docker makes for its first container and keeps is no trace of a builder.
  const driver = driverOn(docker.socketPath)
  const spec = someBuilderSpec()
  await driver.create(spec, within())
  await driver.destroy(spec.builderId, within())
  const more = {
    cacheFolder: join(stateFolder(), 'cache'),
    unreachable: [...docker.fakeHosts, await openFakeHostService()],
  }
  return { inventory, ...buildKitHarness(() => driverOn(docker.socketPath), more) }
})

describe('a dead Docker daemon', () => {
  const { buildctl, probe } = inject('programs')

  afterEach(async () => {
    await docker.killDaemon()
    await docker.startDaemon()
    const driver = driverOn(docker.socketPath)
    for (const id of await driver.list(within())) await driver.destroy(id, within())
  })

  it('does not keep a builder from being ended; what only Docker can remove is named, and removed when it is back', async () => {
    const driver = driverOn(docker.socketPath)
    const spec = someBuilderSpec()
    const builder = await driver.create(spec, within())
    const building = buildOn(buildctl, builder.endpoint, probeImage(probe, ['sleep', '600']))
    await docker.killDaemon()
    expect(await driver.list(within())).toEqual([spec.builderId])
    await expect(driver.destroy(spec.builderId, within())).rejects.toThrow(/the Docker daemon does not answer/)
    await waitUntil('nothing of it runs', async () => (await running(driver, spec.builderId)).length === 0, {
      msMax: 5_000,
    })
    expect((await building).code).not.toBe(0)

    await docker.startDaemon()
    await driver.destroy(spec.builderId, within())
    expect(await driver.inventory(spec.builderId, within())).toEqual([])
  })

  it('does not stop the wall clock: the builder ends with nobody to end it', async () => {
    const driver = driverOn(docker.socketPath)
    const spec = someBuilderSpec({ endsAtMs: Date.now() + 4_000 })
    const builder = await driver.create(spec, within())
    await docker.killDaemon()
    await builder.ended
    expect(await running(driver, spec.builderId)).toEqual([])
    await docker.startDaemon()
    await driver.destroy(spec.builderId, within())
    expect(await driver.inventory(spec.builderId, within())).toEqual([])
  })

  it('is named as missing, and makes no builder', async () => {
    await docker.killDaemon()
    const driver = driverOn(docker.socketPath)
    const need = { egress: 'none', builderClass: 'ephemeral' } as const
    expect(await driver.missing(need, within())).toEqual([expect.objectContaining({ what: 'a Docker daemon' })])
    await expect(driver.create(someBuilderSpec(), within())).rejects.toThrow(/does not answer/)
  })
})

/** Living processes of the container: the shim, which is Docker's, runs nothing of the builder. */
const running = async (driver: DockerDriver, id: BuilderId) =>
  (await driver.inventory(id, within())).filter(one => one.startsWith('process ') && !one.includes('shim'))

describe('egress internet on Docker', () => {
  const { buildctl, probe } = inject('programs')
  const at = (address: string) => `${address}:${fakeHostPort}`

  it('leads to public addresses by a link of the network module, and the link goes with the builder', async () => {
    const net = await openNetworkHarness()
    const network = new UplinkNetwork({
      namespace: net.uplink,
      owner: net.uplink,
      prefix: parseNetwork('198.19.64.0/18'),
      nameservers: [fakeHosts.resolver],
      blocked: [],
    })
    const options = { socketPath: docker.socketPath, image, nodeId: 'node-1', stateFolder: stateFolder(), network }
    const driver = new DockerDriver(options)
    expect(await driver.missing({ egress: 'internet', builderClass: 'ephemeral' }, within())).toEqual([])
    const spec = someBuilderSpec({ egress: 'internet' })
    const { endpoint } = await driver.create(spec, within())
    const runs = [
      ['reachable', at(fakeHosts.internet)],
      ['unreachable', [...fakeHosts.forbidden, fakeHosts.machine, '127.0.0.1'].map(at).join(',')],
    ]
    const result = await buildOn(buildctl, endpoint, probeImage(probe, ...runs))
    expect(result, result.output).toMatchObject({ code: 0 })
    expect(await driver.inventory(spec.builderId, within())).toContain(`link ${linkName(spec.builderId)}`)
    await driver.destroy(spec.builderId, within())
    expect(await driver.inventory(spec.builderId, within())).toEqual([])
    expect(await net.inUplink('ip', '-brief', 'link', 'show')).not.toContain(linkName(spec.builderId))
  })
})

describe('what is particular to Docker', () => {
  afterEach(async () => {
    const driver = driverOn(docker.socketPath)
    for (const id of await driver.list(within())) await driver.destroy(id, within())
  })

  it('an image that is not there, or a way out that is not there, is named with what to do', async () => {
    const driver = driverOn(docker.socketPath, 'forkproof-test/absent:1')
    const missing = await driver.missing({ egress: 'internet', builderClass: 'ephemeral' }, within())
    expect(missing.map(({ howToGet }) => howToGet)).toEqual([
      'docker pull forkproof-test/absent:1',
      expect.stringContaining('uplink'),
    ])
    await expect(driver.create(someBuilderSpec(), within())).rejects.toThrow('there is no image')
  })

  it('the folder of a builder’s socket is closed to the builder once the socket is there', async () => {
    const driver = driverOn(docker.socketPath)
    const { endpoint } = await driver.create(someBuilderSpec(), within())
    const { uid, gid, mode } = await stat(dirname(endpoint.path))
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 0, gid: 0, mode: 0o711 })
  })

  it('a disk that another mount namespace has copied is taken out of that too, so that it ends with its builder', async () => {
    const [disk, point] = [join(docker.sharedFolder, 'copied.img'), join(docker.sharedFolder, 'copied')]
    await mkdir(point)
    await makeDiskImage(disk, { bytes: 64 * mebibyte, owner: { uid: 0, gid: 0 }, journal: false, signal: within() })
    await mountDiskImage(disk, point, within())
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; exec sleep 60'])
    try {
      await once(holder.stdout, 'data')
      const table = () => readFile(`/proc/${holder.pid}/mountinfo`, 'utf8')
      expect(await table()).toContain(point)
      await unmountDisk(point, within())
      expect(await table()).not.toContain(point)
      expect((await inventory()).filter(line => line.startsWith('loop '))).toEqual([])
    } finally {
      holder.kill('SIGKILL')
    }
    await unmountDisk(point, within())
    await rm(point, { recursive: true })
    await rm(disk)
  })

  it('the machine’s own mount table does not show a running builder’s disk', async () => {
    const driver = driverOn(docker.socketPath)
    const spec = someBuilderSpec()
    await driver.create(spec, within())
    const disk = join(stateFolder(), 'builders', spec.builderId, 'state')
    expect((await inventory()).filter(line => line.startsWith('mount ') && line.endsWith(` at ${disk}`))).toEqual([])
  })
})
