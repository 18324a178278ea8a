import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildOn, probeImage } from '@forkproof/builder-provisioner/drivers/testing/build-on'
import { someBuilderId, someBuilderSpec } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { unixEndpoint } from '@forkproof/builder-provisioner/state/builder-endpoint'
import type { BuilderId } from '@forkproof/contracts/ids'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProcessDriverHarness } from '../testing/builders/process-driver-harness.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { waitUntil } from '../testing/wait-until.ts'

const holdBuilderCommand = fileURLToPath(new URL('../testing/builders/hold-builder-command.ts', import.meta.url))
const within = (msMax = 60_000) => AbortSignal.timeout(msMax)

let harness: Awaited<ReturnType<typeof openProcessDriverHarness>>
let before: readonly string[]
const { buildctl, probe } = inject('programs')

beforeAll(async () => {
  harness = await openProcessDriverHarness()
  const missing = await harness.openDriver().missing({ egress: 'none', builderClass: 'ephemeral' }, within())
  if (missing.length > 0) throw new Error(`this machine cannot run the suite: ${JSON.stringify(missing)}`)
  before = await harness.inventory()
})

afterEach(async () => {
  const driver = harness.openDriver()
  for (const id of await driver.list(within())) await driver.destroy(id, within())
  expect(await harness.inventory()).toEqual(before)
})

const processesOf = async (id: BuilderId) =>
  (await harness.openDriver().inventory(id, within())).filter(one => one.startsWith('process '))

describe('a provisioner that is killed', () => {
  it('takes its builders with it, in the middle of a RUN, and what is not a process is found and removed by the next', async () => {
    const id = someBuilderId()
    const child = spawn(process.execPath, [holdBuilderCommand, JSON.stringify(harness.options), id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: string[] = await once(child.stdout.setEncoding('utf8'), 'data', { signal: within() })
    const socketPath = line?.trim().replace('socket ', '') ?? ''
    const building = buildOn(buildctl, unixEndpoint(socketPath), probeImage(probe, ['sleep', '600']))
    await waitUntil('the RUN runs', async () => (await processesOf(id)).some(one => one.endsWith(' probe')), {
      msMax: 20_000,
    })
    child.kill('SIGKILL')
    await waitUntil('nothing of it runs', async () => (await processesOf(id)).length === 0, {
      msMax: 2_000,
      everyMs: 10,
    })
    expect((await building).code).not.toBe(0)
    const driver = harness.openDriver()
    expect(await driver.list(within())).toEqual([id])
    expect(await driver.inventory(id, within())).not.toEqual([])
    await driver.destroy(id, within())
    expect(await driver.inventory(id, within())).toEqual([])
  })
})

describe('what separates a process builder from its machine', () => {
  const inside = async (id: BuilderId, ...parts: string[]) => {
    const line = (await processesOf(id)).find(one => one.endsWith(' buildkitd'))
    return join('/proc', line?.split(' ')[1] ?? '', 'root', ...parts)
  }

  it('BuildKit itself sees no file of the machine’s users, configuration, state or other builders', async () => {
    const driver = harness.openDriver()
    const [spec, other] = [someBuilderSpec(), someBuilderSpec()]
    await driver.create(spec, within())
    await driver.create(other, within())
    expect((await readdir(await inside(spec.builderId))).sort()).toEqual(
      expect.arrayContaining(['dev', 'etc', 'forkproof', 'proc', 'run', 'sys', 'tmp', 'usr']),
    )
    for (const absent of ['home', 'work', 'srv', 'mnt', 'opt', 'media', 'boot']) {
      await expect(stat(await inside(spec.builderId, absent))).rejects.toThrow('ENOENT')
    }
    expect(await readdir(await inside(spec.builderId, 'root'))).toEqual([])
    expect((await readdir(await inside(spec.builderId, 'etc'))).sort()).not.toContain('shadow')
    expect(await readFile(await inside(spec.builderId, 'etc', 'hostname'), 'utf8')).toBe(`${spec.builderId}\n`)
    const mounts = await readFile(join(await inside(spec.builderId), '..', 'mountinfo'), 'utf8').catch(() => '')
    expect(mounts).not.toContain(other.builderId)
  })

  it('gives each builder users of its own, no capability outside of them and no way to gain one', async () => {
    const driver = harness.openDriver()
    const [one, two] = [someBuilderSpec(), someBuilderSpec()]
    await driver.create(one, within())
    await driver.create(two, within())
    const statuses = await Promise.all(
      [one, two].map(async ({ builderId }) => {
        const line = (await processesOf(builderId)).find(text => text.endsWith(' buildkitd'))
        return readFile(`/proc/${line?.split(' ')[1]}/status`, 'utf8')
      }),
    )
    const users = statuses.map(text => Number(/^Uid:\t(\d+)/m.exec(text)?.[1]))
    expect(new Set(users.map(user => Math.floor(user / 65_536))).size).toBe(2)
    for (const user of users) expect(user).toBeGreaterThanOrEqual(harness.options.users.first)
    for (const text of statuses) expect(text).toMatch(/^NoNewPrivs:\t1$/m)
  })

  it('hands out a socket that the builder cannot exchange for a link to another one', async () => {
    const { endpoint } = await harness.openDriver().create(someBuilderSpec(), within())
    const { uid, mode } = await stat(dirname(endpoint.path))
    expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 0, mode: 0o700 })
    const { uid: owner } = await stat(join(dirname(endpoint.path), 'socket'))
    expect(owner).toBe(0)
  })

  it('refuses a builder whose BuildKit makes something else in the socket’s place, and leaves nothing of it', async () => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o755)
    const impostor = join(folder, 'buildkitd')
    await writeFile(impostor, '#!/bin/sh\nln -s /run/secret.sock /forkproof/socket/buildkitd.sock\nexec sleep 60\n')
    await chmod(impostor, 0o755)
    const { openDriver } = await openProcessDriverHarness({
      programs: { ...harness.options.programs, buildkitd: impostor },
    })
    await expect(openDriver().create(someBuilderSpec(), within())).rejects.toThrow('something else than a socket')
    expect(await openDriver().list(within())).toEqual([])
  })

  it('says why BuildKit did not start, and leaves nothing', async () => {
    const folder = await temporaryFolder()
    const broken = join(folder, 'buildkitd')
    await writeFile(broken, '#!/bin/sh\necho out of order >&2\nexit 3\n')
    await chmod(broken, 0o755)
    const { openDriver } = await openProcessDriverHarness({
      programs: { ...harness.options.programs, buildkitd: broken },
    })
    await expect(openDriver().create(someBuilderSpec(), within())).rejects.toThrow('out of order')
    expect(await openDriver().list(within())).toEqual([])
  })

  it('works in a state folder behind a link', async () => {
    const real = await temporaryFolder()
    const linked = join(await temporaryFolder(), 'linked')
    await symlink(real, linked)
    const { openDriver } = await openProcessDriverHarness({ stateFolder: linked })
    const driver = openDriver()
    const spec = someBuilderSpec()
    const { endpoint } = await driver.create(spec, within())
    const built = await buildOn(buildctl, endpoint, probeImage(probe, ['hello']))
    expect(built, built.output).toMatchObject({ code: 0 })
    expect(await driver.inventory(spec.builderId, within())).toContainEqual(expect.stringMatching(/^loop /))
    await driver.destroy(spec.builderId, within())
    expect(await driver.inventory(spec.builderId, within())).toEqual([])
  })
})
