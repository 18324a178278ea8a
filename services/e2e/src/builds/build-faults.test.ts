import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  askGateway,
  buildState,
  createProject,
  finishBuild,
  forkRunWithToken,
  getAccessToken,
  hasEnded,
  isReady,
  isSettled,
  type PostedBuild,
  postBuild,
  type ReadBuildState,
  writeCredentials,
} from '../testing/build-requests.ts'
import { machineInventory } from '../testing/builders/machine-inventory.ts'
import { ObservedBuilder, pidsWithin } from '../testing/builders/observed-builder.ts'
import { buildWith, type FinishedProgram, imageContext } from '../testing/remote-build.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { waitUntil } from '../testing/wait-until.ts'

/** Most time until a fault is noticed: clients retry a lost bus or Temporal at growing intervals. */
const endMsMax = 60_000
/** Time for the kernel or one message. */
const atOnceMsMax = 3_000
const runWatchMs = 1_000
/** Longer than a service takes to be killed and started again. */
const clientGoneSeconds = 12
const longRunSeconds = 60
/** Long enough for some services to be back before it ends. */
const shortRunSeconds = 6
const cgroup = `/forkproof-faults-${process.pid}`

let harness: SystemHarness
let stateFolder: string
beforeAll(async () => {
  stateFolder = await temporaryFolder()
  harness = await openSystemHarness({
    builders: true,
    extra: {
      verifier: { FORKPROOF_VERIFIER_RUN_WATCH_SECONDS: String(runWatchMs / 1_000) },
      'builder-provisioner': {
        FORKPROOF_PROVISIONER_STATE_FOLDER: stateFolder,
        FORKPROOF_PROVISIONER_PROCESS_CGROUP: cgroup,
        FORKPROOF_PROVISIONER_CLIENT_GONE_SECONDS: String(clientGoneSeconds),
      },
    },
  })
})

interface Ready {
  readonly build: PostedBuild
  readonly state: ReadBuildState
  readonly builder: ObservedBuilder
  readonly runId: number
}

async function readyBuild(): Promise<Ready> {
  const { repository, run, idToken } = await forkRunWithToken(harness)
  const project = await createProject(harness, [{ repository, eventClass: 'fork_pull_request' }])
  const build = await postBuild(harness, await getAccessToken(harness, idToken, project))
  const state = await buildState(harness, build, isSettled)
  expect(isReady(state), JSON.stringify(state)).toBe(true)
  return { build, state, runId: run.id, builder: new ObservedBuilder(state, join(stateFolder, 'builders')) }
}

async function run(state: ReadBuildState, words: readonly string[], signal?: AbortSignal): Promise<FinishedProgram> {
  const { buildctl, probe } = inject('programs')
  const folder = await temporaryFolder()
  const from = await imageContext({ probe, folder }, [`RUN ${JSON.stringify(['/probe', ...words])}`])
  return buildWith({ buildctl, to: await writeCredentials(state, folder) }, from, signal ? { signal } : {})
}

/** A ready build whose RUN of `seconds` has begun. `over` resolves when its client is done or gives up. */
async function runningBuild(seconds = longRunSeconds, signal?: AbortSignal) {
  const ready = await readyBuild()
  const over = run(ready.state, ['sleep', String(seconds)], signal)
  const begun = async () => (await ready.builder.pids('/probe sleep')).length > 0
  await waitUntil('the RUN step is running', begun, { msMax: 20_000, everyMs: 20 })
  const kinds = (await ready.builder.traces()).map(trace => trace.split(' ')[0])
  expect(kinds).toEqual(expect.arrayContaining(['process', 'cgroup', 'mount', 'loop', 'folder']))
  return { ...ready, over }
}

const noProcess = (builder: ObservedBuilder) =>
  waitUntil('no process of the builder', async () => (await builder.pids()).length === 0, { msMax: atOnceMsMax })

/** Expects this end, a clean receipt, and nothing of the builder on the machine. */
async function expectEnd(
  { build, builder }: Ready,
  end: { outcome: string; reason?: string; released: string },
  msMax = endMsMax,
) {
  const { released, ...how } = end
  const state = await buildState(harness, build, hasEnded, msMax)
  expect(state, JSON.stringify(state)).toMatchObject({
    ...how,
    platforms: [{ state: 'destroyed', reason: released, receipt: { leftovers: [] } }],
  })
  expect(await builder.traces()).toEqual([])
}
const finished = { outcome: 'success', released: 'finished' }
const lost = { outcome: 'failed', reason: 'builder_lost', released: 'builder_lost' }

/** Expects that the next build works, whatever became of the last one. */
async function servesTheNext() {
  const ready = await readyBuild()
  const done = await run(ready.state, ['hello'])
  expect(done.code, done.output).toBe(0)
  await finishBuild(harness, ready.build)
  await expectEnd(ready, finished)
}

/** Expects that a RUN outlives the fault and ends well, and so does the build. */
async function expectUncut(fault: (state: ReadBuildState) => Promise<void>) {
  const running = await runningBuild(shortRunSeconds)
  const { buildId, buildToken } = running.build
  // The client reports that it is alive, as clients do: its RUN may be over before the service is back.
  const alive = () =>
    askGateway(`${harness.issuer}/v1/builds/${buildId}/health`, { method: 'POST', bearer: buildToken })
  const pulse = setInterval(() => void alive().catch(() => undefined), 2_000)
  try {
    await fault(running.state)
    const done = await running.over
    expect(done.code, done.output).toBe(0)
    await finishUntilHeard(running.build)
  } finally {
    clearInterval(pulse)
  }
  await expectEnd(running, finished)
}

/** Ends the build as clients do: again and again while a service is away. */
const finishUntilHeard = (build: PostedBuild) =>
  waitUntil('the end was heard', async () => (await finishBuild(harness, build)).status < 300, {
    msMax: 30_000,
    everyMs: 500,
  })

describe('while a RUN goes on,', () => {
  afterEach(servesTheNext)

  it('a provisioner that is killed takes the builder with it, and the build ends by itself when it is back', async () => {
    const running = await runningBuild()
    await harness.system.killPart('builder-provisioner')
    await noProcess(running.builder)
    expect((await running.over).code).not.toBe(0)
    await harness.system.startPart('builder-provisioner')
    await expectEnd(running, lost)
  })

  it('a BuildKit that is killed ends the build', async () => {
    const running = await runningBuild()
    expect(await running.builder.pids('buildkitd --config')).not.toEqual([])
    // The warm ones too: the pool replaces them.
    const daemons = await pidsWithin(cgroup, 'buildkitd --config')
    for (const pid of daemons) killIfThere(pid)
    expect((await running.over).code).not.toBe(0)
    await expectEnd(running, lost)
  })

  it('a run that ends at GitHub takes its build with it within a look of the verifier', async () => {
    const running = await runningBuild()
    const end = { status: 'completed', conclusion: 'cancelled' }
    await harness.github.send('PATCH', `/_sim/runs/${running.runId}`, end)
    await expectEnd(running, { outcome: 'run_over', released: 'run_over' }, runWatchMs + atOnceMsMax)
    expect((await running.over).code).not.toBe(0)
  })

  it('a build that is canceled ends at once', async () => {
    const running = await runningBuild()
    const { buildId, buildToken } = running.build
    const answer = await askGateway(`${harness.issuer}/v1/builds/${buildId}`, { method: 'DELETE', bearer: buildToken })
    expect(answer.status).toBe(204)
    await expectEnd(running, { outcome: 'canceled', released: 'canceled' }, atOnceMsMax)
    expect((await running.over).code).not.toBe(0)
  })

  it('a client that is killed is noticed, and its builder taken back', async () => {
    const client = new AbortController()
    const running = await runningBuild(longRunSeconds, client.signal)
    client.abort()
    await running.over
    await expectEnd(running, { outcome: 'client_gone', released: 'client_gone' })
  })

  it('a bus that stops in order and comes back cuts nothing', async () => {
    await expectUncut(async () => {
      await harness.system.stopPart('nats')
      await harness.system.startPart('nats')
    })
  })

  it.each(['orchestrator', 'gateway', 'verifier', 'nats', 'temporal'] as const)(
    'a killed %s cuts nothing, lets clients in without it, and hears the end when it is back',
    async part => {
      await expectUncut(async state => {
        await harness.system.killPart(part)
        const done = await run(state, ['hello'])
        expect(done.code, done.output).toBe(0)
        await harness.system.startPart(part)
      })
    },
  )
})

it('a client that never connects and says nothing is gone, and its builder taken back', async () => {
  await expectEnd(await readyBuild(), { outcome: 'client_gone', released: 'client_gone' })
  await servesTheNext()
})

describe('after all of this', () => {
  it('a provisioner that stops leaves nothing of any builder on the machine, not even the warm ones', async () => {
    await waitUntil('a warm builder', async () => (await pidsWithin(cgroup)).length > 0, { msMax: 20_000 })
    await harness.system.stopPart('builder-provisioner')
    const words = [stateFolder, cgroup]
    const left = await machineInventory({ words, folders: [join(stateFolder, 'builders')] })
    // Leaves out the cgroup around all builders and other suites' links.
    expect(left.filter(trace => !trace.startsWith('link ') && !trace.endsWith(cgroup))).toEqual([])
    expect(await readdir(join(stateFolder, 'records', 'builders'))).toEqual([])
  })
})

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended with the others.
  }
}
