import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuilderSpec, Driver, RunningBuilder } from '@forkproof/builder-provisioner/drivers/driver'
import type { BuilderId, ProjectId } from '@forkproof/contracts/ids'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { waitUntil } from '../wait-until.ts'
import { buildOn, probeImage } from './build-on.ts'
import { type DriverHarness, mebibyte, someBuilderId, someProjectId, someSpec } from './driver-harness.ts'
import { Emulation } from './emulation.ts'

const driverMsMax = 60_000

const within = (msMax = driverMsMax) => AbortSignal.timeout(msMax)

/** What every driver that makes real builders must hold. Called at the top of a test file. */
export function describeDriver(name: string, open: () => Promise<DriverHarness>): void {
  describe(`driver ${name}`, () => {
    let harness: DriverHarness
    let driver: Driver
    let before: readonly string[]
    const { buildctl, probe, probeEmulated } = inject('programs')

    const create = async (more: Partial<BuilderSpec> = {}) => {
      const spec = someSpec(more)
      return { spec, id: spec.builderId, ...(await driver.create(spec, within())) }
    }
    const build = (builder: RunningBuilder, ...runs: string[][]) =>
      buildOn(buildctl, builder.socketPath, probeImage(probe, ...runs))
    const hello = (builder: RunningBuilder) =>
      buildOn(buildctl, builder.socketPath, { ...probeImage(probe, ['hello']), args: ['--no-cache'] })
    const expectBuilds = async (builder: RunningBuilder) =>
      expect(await hello(builder)).toMatchObject({ code: 0, output: expect.stringContaining('Hello from an image') })
    const pidOf = async (id: BuilderId, program: string) => {
      const traces = await driver.inventory(id, within())
      const line = traces.find(one => new RegExp(`^process \\d+ .*${program}`).test(one))
      return Number(line?.split(' ')[1])
    }
    const untilProbeRuns = (id: BuilderId) =>
      waitUntil('the RUN runs', async () => Number.isInteger(await pidOf(id, 'probe')), { msMax: 20_000 })
    /** The bound on processes counts threads. */
    const tasksOf = async (id: BuilderId) => {
      const pids = (await driver.inventory(id, within())).flatMap(one => /^process (\d+) /.exec(one)?.[1] ?? [])
      const tasks = await Promise.all(pids.map(pid => readdir(`/proc/${pid}/task`).catch(() => [])))
      return tasks.flat().length
    }

    beforeAll(async () => {
      harness = await open()
      driver = harness.openDriver()
      const signal = within()
      const missing = await driver.missing({ egress: 'none', builderClass: 'project' }, signal)
      if (missing.length > 0) throw new Error(`this machine cannot run the suite: ${JSON.stringify(missing)}`)
      before = await harness.inventory()
    })

    afterEach(async () => {
      for (const id of await driver.list(within())) await driver.destroy(id, within())
      const kept = (line: string) => !line.startsWith(`file ${harness.cacheFolder}`)
      expect((await harness.inventory()).filter(kept)).toEqual(before.filter(kept))
    })

    describe('a builder', () => {
      it('builds, can be listed, and leaves nothing when it is destroyed', async () => {
        const builder = await create()
        await expectBuilds(builder)
        expect(await driver.list(within())).toEqual([builder.id])
        const traces = await driver.inventory(builder.id, within())
        for (const kind of ['process', 'cgroup', 'loop', 'file'])
          expect(traces.join('\n')).toMatch(new RegExp(`^${kind} `, 'm'))
        await driver.destroy(builder.id, within())
        expect(await driver.inventory(builder.id, within())).toEqual([])
        expect(await driver.list(within())).toEqual([])
      })

      it('is destroyed with a client attached in the middle of a RUN, and sooner than the RUN would end', async () => {
        const builder = await create()
        const building = build(builder, ['sleep', '600'])
        await untilProbeRuns(builder.id)
        const startedMs = performance.now()
        await driver.destroy(builder.id, within())
        expect(performance.now() - startedMs).toBeLessThan(5_000)
        expect((await building).code).not.toBe(0)
      })

      it('may be destroyed twice, at once and one after the other, and when it never was', async () => {
        const { id } = await create()
        await Promise.all([driver.destroy(id, within()), driver.destroy(id, within())])
        await driver.destroy(id, within())
        await driver.destroy(someBuilderId(), within())
      })

      it('is not made twice under one id, and the attempt does not hurt the first', async () => {
        const builder = await create()
        await expect(driver.create(builder.spec, within())).rejects.toThrow()
        await expectBuilds(builder)
      })

      it.each([0, 15, 40, 80, 150, 250, 400])(
        'that is cancelled %i ms after its beginning leaves nothing',
        async ms => {
          const spec = someSpec()
          const outcome = await driver.create(spec, AbortSignal.timeout(ms)).then(
            () => 'made',
            () => 'cancelled',
          )
          if (outcome === 'made') await driver.destroy(spec.builderId, within())
          expect(await driver.inventory(spec.builderId, within())).toEqual([])
        },
      )

      it('of an earlier process is found and destroyed by a new one', async () => {
        const { id } = await create()
        driver = harness.openDriver()
        expect(await driver.list(within())).toEqual([id])
        await driver.destroy(id, within())
        expect(await driver.inventory(id, within())).toEqual([])
      })

      it('says that it ended when BuildKit is killed in the middle of a RUN, and nothing of it runs on', async () => {
        const builder = await create()
        const building = build(builder, ['sleep', '600'])
        await untilProbeRuns(builder.id)
        process.kill(await pidOf(builder.id, 'buildkitd'), 'SIGKILL')
        expect(await builder.ended).toEqual(expect.any(String))
        const isGone = async () => Number.isNaN(await pidOf(builder.id, 'probe'))
        await waitUntil('no process is left', isGone, { msMax: 5_000 })
        expect((await building).code).not.toBe(0)
      })

      it('ends by itself when its time is over, with nobody to end it', async () => {
        const builder = await create({ endsAtMs: Date.now() + 3_000 })
        const building = build(builder, ['sleep', '600'])
        await builder.ended
        expect(await pidOf(builder.id, '')).toBeNaN()
        expect((await building).code).not.toBe(0)
      })
    })

    it('runs the programs of a platform that the machine emulates, and builds for it by itself', async () => {
      const emulation = await Emulation.prepare()
      await emulation.switchOn()
      const builder = await create({ platform: 'linux/arm64' })
      const done = await buildOn(buildctl, builder.socketPath, probeImage(probeEmulated, ['whoami']))
      await emulation.switchOff()
      expect(done, done.output).toMatchObject({ code: 0, output: expect.stringContaining('{"architecture":"arm64"') })
    })

    describe('isolation, seen from inside of a RUN', () => {
      it('reaches neither metadata, private networks, the host nor its own loopback’s neighbours', async () => {
        const builder = await create()
        expect(harness.standIns.length).toBeGreaterThan(0)
        const result = await build(builder, ['unreachable', harness.standIns.join(',')])
        expect(result, result.output).toMatchObject({ code: 0 })
      })

      it('has no listener of BuildKit on any TCP port to talk to', async () => {
        const builder = await create()
        const pid = await pidOf(builder.id, 'buildkitd')
        const tables = await Promise.all(['tcp', 'tcp6'].map(table => readFile(`/proc/${pid}/net/${table}`, 'utf8')))
        const listening = tables
          .flatMap(table => table.split('\n'))
          .filter(line => line.trim().split(/\s+/)[3] === '0A')
        expect(listening).toEqual([])
      })

      it('sees its own processes, mounts and loopback only, and not the socket of BuildKit’s interface', async () => {
        const [first, second] = [await create(), await create()]
        await expectBuilds(second)
        const { output } = await build(first, ['whoami'])
        const seen: unknown = JSON.parse(/\{.*\}/.exec(output)?.[0] ?? 'null')
        expect(seen).toMatchObject({ links: ['lo'], processes: ['/probe whoami'] })
        const text = JSON.stringify(seen)
        expect(text).not.toContain('buildkitd.sock')
        expect(text).not.toContain(second.id)
        expect(text).not.toMatch(/"uidMap":\["0","0"/)
      })

      it('gains nothing by what a client may ask for: privileges, the host’s network, a cgroup elsewhere, a foreign frontend', async () => {
        const builder = await create()
        const ask = (args: string[], dockerfile?: string) =>
          buildOn(buildctl, builder.socketPath, {
            ...probeImage(probe, ['hello']),
            ...(dockerfile !== undefined && { dockerfile }),
            args: ['--no-cache', ...args],
          })
        const entitled = await Promise.all(['security.insecure', 'network.host'].map(one => ask(['--allow', one])))
        for (const refused of entitled)
          expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('is not allowed') })
        expect((await ask([], '# syntax=example.test/frontend:1\nFROM scratch\nCOPY probe /probe\n')).code).not.toBe(0)
        const cgroup = `fpparent${randomBytes(4).toString('hex')}`
        await ask(['--opt', `cgroup-parent=/${cgroup}`])
        const folders = await readdir('/sys/fs/cgroup', { recursive: true, withFileTypes: true })
        expect(folders.filter(entry => entry.name.includes(cgroup))).toEqual([])
        await expectBuilds(builder)
      })
    })

    describe('bounds hurt only the builder that meets them', () => {
      it('a fork bomb', async () => {
        const [bad, good] = [await create(), await create()]
        const stop = new AbortController()
        const bombing = buildOn(buildctl, bad.socketPath, { ...probeImage(probe, ['fork-bomb']), signal: stop.signal })
        await waitUntil('the bomb meets its bound', async () => (await tasksOf(bad.id)) > 150, { msMax: 30_000 })
        await expectBuilds(good)
        // 200, and some that stand outside of the bound.
        expect(await tasksOf(bad.id)).toBeLessThan(230)
        await driver.destroy(bad.id, within())
        stop.abort()
        await bombing
        await expectBuilds(good)
      })

      it('a memory hog', async () => {
        const [bad, good] = [await create(), await create()]
        const hogging = await build(bad, ['memory-hog'])
        expect(hogging.code).not.toBe(0)
        await expectBuilds(good)
        await driver.destroy(bad.id, within())
      })

      it('a filled disk', async () => {
        const [bad, good] = [await create(), await create()]
        const filling = await build(bad, ['disk-fill', '/full'])
        expect(filling.output).toMatch(/full after [0-9]+ MiB: .*no space left/)
        const written = Number(/full after ([0-9]+) MiB/.exec(filling.output)?.[1])
        expect(written).toBeLessThan(256)
        await expectBuilds(good)
      })
    })

    describe('class project', () => {
      const digestOf = async (folder: string) => {
        const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry =>
          entry.isFile(),
        )
        const hash = createHash('sha256')
        for (const path of entries.map(entry => join(entry.parentPath, entry.name)).sort())
          hash.update(`${path}\0`).update(await readFile(path))
        return hash.digest('hex')
      }
      const twice = (builder: RunningBuilder) => build(builder, ['hello'], ['whoami'])
      const ofProject = (projectId: ProjectId) => ({ kind: { class: 'project', projectId } }) as const

      it('keeps what was built for the project’s next builder, and an ephemeral one neither reads nor changes it', async () => {
        const projectId = someProjectId()
        const first = await create(ofProject(projectId))
        expect(await twice(first)).toMatchObject({ code: 0, output: expect.not.stringMatching(/CACHED/) })
        await driver.destroy(first.id, within())
        const kept = await digestOf(join(harness.cacheFolder, projectId))

        const stranger = await create()
        expect(await twice(stranger)).toMatchObject({ code: 0, output: expect.not.stringMatching(/CACHED/) })
        await driver.destroy(stranger.id, within())
        expect(await digestOf(join(harness.cacheFolder, projectId))).toBe(kept)
        const second = await create(ofProject(projectId))
        expect(await twice(second)).toMatchObject({ code: 0, output: expect.stringMatching(/CACHED/) })
      })

      it('gives one project’s state to no other project', async () => {
        const first = await create(ofProject(someProjectId()))
        expect(await twice(first)).toMatchObject({ code: 0 })
        await driver.destroy(first.id, within())
        const other = await create(ofProject(someProjectId()))
        expect(await twice(other)).toMatchObject({ code: 0, output: expect.not.stringMatching(/CACHED/) })
      })

      it('lets one builder at a time have the state, and the next one after it', async () => {
        const of = ofProject(someProjectId())
        const first = await create(of)
        await expect(create(of)).rejects.toThrow()
        await expectBuilds(first)
        await driver.destroy(first.id, within())
        await expectBuilds(await create(of))
      })

      it('keeps the state of a builder that was killed fit for use', async () => {
        const of = ofProject(someProjectId())
        const first = await create(of)
        await expectBuilds(first)
        process.kill(await pidOf(first.id, 'buildkitd'), 'SIGKILL')
        await first.ended
        await driver.destroy(first.id, within())
        await expectBuilds(await create(of))
      })

      it('does not take more of the disk than its bound', async () => {
        const of = ofProject(someProjectId())
        const builder = await create(of)
        await build(builder, ['disk-fill', '/full'])
        await driver.destroy(builder.id, within())
        const entries = await readdir(harness.cacheFolder, { recursive: true, withFileTypes: true })
        for (const image of entries.filter(entry => entry.isFile())) {
          const { blocks } = await stat(join(image.parentPath, image.name))
          expect(blocks * 512).toBeLessThan(300 * mebibyte)
        }
      })
    })
  })
}
