import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import { askGateway } from '../testing/build-requests.ts'
import { DockerHarness } from '../testing/builders/docker-harness.ts'
import { machineInventory } from '../testing/builders/machine-inventory.ts'
import {
  admittedFork,
  buildOfRun,
  type ClientHarness,
  clientGoneSeconds,
  openClientHarness,
} from '../testing/clients/client-harness.ts'
import { DockerContents } from '../testing/clients/docker-contents.ts'
import {
  type BuildEnd,
  expectBuildEnd,
  expectFailure,
  expectNoProcess,
  type RunningClient,
  runningClient,
} from '../testing/clients/running-client.ts'
import {
  type ClientBeginning,
  type ClientName,
  clientBeginnings,
  clientNames,
  endHeldBuilder,
} from '../testing/clients/start-client.ts'
import { imageContext } from '../testing/remote-build.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { waitUntil } from '../testing/wait-until.ts'

/** Time for one or two messages on a busy machine. */
const atOnceMsMax = 10_000
/** Time until silence counts as gone, until the next reconcile, and for the teardown. */
const goneMsMax = clientGoneSeconds * 1_000 + atOnceMsMax

const canceled: BuildEnd = { outcome: 'canceled', released: 'canceled' }
const gone: BuildEnd = { outcome: 'client_gone', released: 'client_gone' }

let harness: ClientHarness
/** The machine's inventory before each test; afterwards it must be the same. */
let before: readonly string[]
beforeAll(async () => {
  harness = await openClientHarness()
})
beforeEach(async () => {
  before = await harness.inventory()
})
afterEach(async () => {
  expect(await harness.inventory()).toEqual(before)
})

/** Clients with one build each, all in their RUN at the same time. */
const inTheirRuns = (
  beginning: ClientBeginning,
  names: readonly ClientName[] = clientNames,
): Promise<RunningClient[]> => Promise.all(names.map(name => runningClient(harness, name, beginning)))

const forAll = async (running: readonly RunningClient[], what: (one: RunningClient) => Promise<unknown>) => {
  await Promise.all(running.map(what))
}

describe('a client that is killed in the middle of its RUN', () => {
  it('is missed, whichever it is, and its builder taken back', async () => {
    const running = await inTheirRuns('by itself')
    for (const { clientPid } of running) process.kill(clientPid, 'SIGKILL')
    await forAll(running, one => expectBuildEnd(one, gone, goneMsMax))
    await forAll(running, one => expectNoProcess(one, atOnceMsMax))
  })
})

describe('depot that is interrupted in the middle of its RUN', () => {
  it('says so itself, and the build ends at once', async () => {
    const depot = await runningClient(harness, 'depot', 'by itself')
    process.kill(depot.clientPid, 'SIGINT')
    expect((await expectFailure(depot, atOnceMsMax)).stderr).toContain('context canceled')
    await expectBuildEnd(depot, canceled, atOnceMsMax)
  })
})

describe('a build that is ended from outside', () => {
  const ways = {
    'by who has its token': async ({ build }: RunningClient) => {
      const url = `${harness.issuer}/v1/builds/${build?.buildId}`
      expect((await askGateway(url, { method: 'DELETE', bearer: build?.buildToken ?? '' })).status).toBe(204)
    },
    'by its operator, who cancels the workflow': async ({ handle }: RunningClient) => void (await handle.cancel()),
  } as const

  it.each(Object.keys(ways) as (keyof typeof ways)[])('does not leave any client hanging: %s', async way => {
    const running = await inTheirRuns(way === 'by who has its token' ? 'on a build of ours' : 'by itself')
    await forAll(running, ways[way])
    await forAll(running, one => expectFailure(one, atOnceMsMax))
    await forAll(running, one => expectBuildEnd(one, canceled, atOnceMsMax))
    await forAll(running, one => expectNoProcess(one, atOnceMsMax))
  })

  it('does not leave buildx hanging: by forkproof builder --end, which ends who kept it alive too', async () => {
    const running = await runningClient(harness, 'buildx', 'after forkproof builder')
    const keepAliveProcesses = () => machineInventory({ words: [running.folder ?? ''], folders: [] })
    expect(await keepAliveProcesses()).toEqual([expect.stringContaining('process ')])
    await endHeldBuilder(running.folder ?? '')
    await expectFailure(running, atOnceMsMax)
    await expectBuildEnd(running, canceled, atOnceMsMax)
    await waitUntil('nobody keeps it alive', async () => (await keepAliveProcesses()).length === 0, {
      msMax: atOnceMsMax,
    })
  })

  it('is told to who built in forkproof build, in words', async () => {
    const running = await inTheirRuns('in forkproof build', ['buildctl', 'buildx'])
    await forAll(running, async ({ handle }) => void (await handle.cancel()))
    await forAll(running, async one => {
      const { code, stderr } = await expectFailure(one, atOnceMsMax)
      expect(code).toBe(1)
      expect(stderr).toContain('forkproof: The build was ended by the service (canceled)')
    })
    await forAll(running, one => expectBuildEnd(one, canceled, atOnceMsMax))
  })
})

describe('forkproof build', () => {
  /** Each client has its own exit code for a signal. */
  const exitCodes: Record<ClientName, number> = { buildctl: 1, buildx: 130, depot: 1 }

  it.each(['SIGINT', 'SIGTERM'] as const)('passes %s on to its client, and cancels the build', async signal => {
    const running = await inTheirRuns('in forkproof build')
    for (const { program } of running) program.signal(signal, 'leader')
    await forAll(running, async one => {
      expect((await expectFailure(one, atOnceMsMax)).code, one.client).toBe(exitCodes[one.client])
      await expectBuildEnd(one, canceled, atOnceMsMax)
      await expectNoProcess(one, atOnceMsMax)
    })
  })

  it('that is killed takes its client with it, and the build ends', async () => {
    const running = await inTheirRuns('in forkproof build')
    for (const { program } of running) program.signal('SIGKILL', 'leader')
    await forAll(running, one => expectNoProcess(one, atOnceMsMax))
    // depot gets SIGTERM and reports its end; the others cannot report.
    await forAll(running, one => expectBuildEnd(one, one.client === 'depot' ? canceled : gone, goneMsMax))
  })
})

describe('--load', () => {
  let docker: DockerHarness
  let contents: DockerContents
  beforeAll(async () => {
    docker = await DockerHarness.start()
    afterFile(() => docker.stop())
    contents = new DockerContents(docker.socketPath)
  })

  it.each([
    ['buildx', 'in forkproof build'],
    ['depot', 'by itself'],
  ] as const)('of %s, %s, puts the image into the client’s Docker and nothing else', async (client, beginning) => {
    const had = await contents.all()
    const image = `forkproof-test/loaded-by-${client}:1`
    const lines = ['RUN ["/probe","hello"]', 'CMD ["/probe","hello"]']
    const context = await imageContext({ probe: inject('programs').probe, folder: await temporaryFolder() }, lines)
    const of = await admittedFork(harness)
    // depot assumes API version 1.44 and does not ask the daemon.
    const env = { DOCKER_HOST: `unix://${docker.socketPath}`, DOCKER_API_VERSION: await contents.apiVersion() }
    const use = { client, of, context, words: ['--load', '--tag', image], env }
    const { program } = await clientBeginnings[beginning](harness, use)
    expect((await program.exited).code, program.output).toBe(0)
    expect(await contents.all()).toEqual([...had, `image ${image}`].sort())
    const hello = expect.stringContaining('Hello from an image that was built on a builder of its own.')
    expect(await contents.run(image)).toEqual({ code: 0, output: hello })
    await contents.remove(image)
    expect(await contents.all()).toEqual(had)
    const { outcome, platforms } = await (await buildOfRun(harness, of.runId)).result()
    expect({ outcome, platforms }).toMatchObject({ outcome: 'success', platforms: [{ receipt: { leftovers: [] } }] })
  })
})
