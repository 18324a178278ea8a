import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  accessToken,
  ask,
  buildState,
  createProject,
  finishBuild,
  forkRunWithToken,
  hasEnded,
  isReady,
  type ShownState,
  type StartedBuild,
  settled,
  startBuild,
  writeCredentials,
} from './testing/builds.ts'
import { openConstellation, type TestConstellation } from './testing/open-constellation.ts'
import { commandLineOf, descendantsOf } from './testing/process-tree.ts'
import { buildWith, type Finished, imageContext } from './testing/remote-build.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { until } from './testing/until.ts'

/** How long a build may take to notice a fault and to end: a node's lease time and half a minute. */
const endMsMax = 60_000

let world: TestConstellation
beforeAll(async () => {
  world = await openConstellation({
    builders: true,
    extra: {
      verifier: { FORKPROOF_VERIFIER_RUN_WATCH_SECONDS: '1' },
      'builder-provisioner': { FORKPROOF_PROVISIONER_CLIENT_GONE_SECONDS: '8' },
    },
  })
})

async function readyBuild() {
  const of = await forkRunWithToken(world)
  const project = await createProject(world, [{ repository: of.repository, eventClass: 'fork_pull_request' }])
  const bearer = await accessToken(world, of.idToken, project)
  const build = await startBuild(world, bearer)
  const state = await buildState(world, build, settled)
  expect(isReady(state), JSON.stringify(state)).toBe(true)
  return { ...of, build, state, bearer }
}

const context = async (...lines: string[]) =>
  imageContext({ probe: inject('programs').probe, folder: await temporaryFolder() }, lines)

/** A RUN that would take a minute, begun; its client stays connected. `over` resolves when the client gives up or is done. */
async function longRun(
  state: ShownState,
  signal?: AbortSignal,
): Promise<{ over: Promise<Finished>; step: readonly number[] }> {
  const to = await writeCredentials(state, await temporaryFolder())
  const from = await context('RUN ["/probe","sleep","60"]')
  const over = buildWith({ buildctl: inject('programs').buildctl, to }, from, signal ? { signal } : {})
  await until('the RUN step is running', () => pidsOf('/probe sleep').length > 0, { msMax: 20_000 })
  return { over, step: pidsOf('/probe sleep') }
}

const pidsOf = (words: string): number[] =>
  descendantsOf(world.constellation.part('builder-provisioner').pid).filter(pid => commandLineOf(pid).includes(words))
const gone = (pids: readonly number[]) =>
  until('the processes are gone', () => pids.every(pid => commandLineOf(pid) === ''), { msMax: 10_000 })

async function expectEnd(build: StartedBuild, outcome: string) {
  const end = await buildState(world, build, hasEnded, endMsMax)
  expect(end, JSON.stringify(end)).toMatchObject({ phase: 'ended', outcome })
  const receipts = end.platforms.flatMap(({ receipt }) => (receipt ? [receipt.leftovers] : []))
  expect(receipts).toEqual([[]])
}

// The system serves the next build, whatever became of the last.
afterEach(async () => {
  const { build, state } = await readyBuild()
  const to = await writeCredentials(state, await temporaryFolder())
  const done = await buildWith({ buildctl: inject('programs').buildctl, to }, await context('RUN ["/probe","hello"]'))
  expect(done.code, done.output).toBe(0)
  await finishBuild(world, build)
  await expectEnd(build, 'success')
})

describe('while a builder is leased and a RUN goes on,', () => {
  it('a provisioner that is killed takes the builder with it, and the build ends when it is back', async () => {
    const { build, state } = await readyBuild()
    const { over, step } = await longRun(state)
    const daemons = pidsOf('buildkitd')
    expect(daemons).not.toEqual([])
    await world.constellation.killPart('builder-provisioner')
    await gone([...step, ...daemons])
    expect((await over).code).not.toBe(0)
    await world.constellation.startPart('builder-provisioner')
    await expectEnd(build, 'failed')
  })

  it('a BuildKit that is killed ends the build', async () => {
    const { build, state } = await readyBuild()
    const { over, step } = await longRun(state)
    // The warm ones too: who waits in the pool is replaced.
    for (const pid of pidsOf('buildkitd')) killIfThere(pid)
    expect((await over).code).not.toBe(0)
    await gone(step)
    await expectEnd(build, 'failed')
  })

  it('a run that ends at GitHub takes its build with it', async () => {
    const { build, state, run } = await readyBuild()
    const { over, step } = await longRun(state)
    await world.github.send('PATCH', `/_sim/runs/${run.id}`, { status: 'completed', conclusion: 'cancelled' })
    expect((await over).code).not.toBe(0)
    await gone(step)
    await expectEnd(build, 'run_over')
  })

  it('a build that is cancelled from outside ends at once', async () => {
    const { build, state } = await readyBuild()
    const { over, step } = await longRun(state)
    const url = `${world.issuer}/v1/builds/${build.buildId}`
    expect((await ask(url, { method: 'DELETE', bearer: build.buildToken })).status).toBeLessThan(300)
    expect((await over).code).not.toBe(0)
    await gone(step)
    await expectEnd(build, 'canceled')
  })

  it('a client that is killed is noticed, and the builder is given back', async () => {
    const { build, state } = await readyBuild()
    const killed = new AbortController()
    const { over, step } = await longRun(state, killed.signal)
    killed.abort()
    await over
    await expectEnd(build, 'client_gone')
    await gone(step)
  })
})

describe('while a builder is leased,', () => {
  it.each(['orchestrator', 'gateway', 'verifier', 'nats', 'temporal'] as const)(
    'with the %s killed, the client builds on; started again, it hears the end',
    async part => {
      const { build, state } = await readyBuild()
      await world.constellation.killPart(part)
      const to = await writeCredentials(state, await temporaryFolder())
      const from = await context('RUN ["/probe","hello"]')
      const done = await buildWith({ buildctl: inject('programs').buildctl, to }, from)
      expect(done.code, done.output).toBe(0)
      await world.constellation.startPart(part)
      await finishUntilHeard(build)
      await expectEnd(build, 'success')
    },
  )

  it('a client that never connects is noticed', async () => {
    const { build } = await readyBuild()
    await expectEnd(build, 'client_gone')
  })
})

/** As a client does: asked again while a part is away. */
const finishUntilHeard = (build: StartedBuild) =>
  until('the end was heard', async () => (await finishBuild(world, build)).status < 300, {
    msMax: 30_000,
    everyMs: 500,
  })

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // One that ended with the others.
  }
}
