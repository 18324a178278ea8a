import { readdir, readFile, statfs } from 'node:fs/promises'
import {
  accessToken,
  buildState,
  createProject,
  finishBuild,
  forkRunWithToken,
  hasEnded,
  settled,
  startBuild,
  writeCredentials,
} from '@forkproof/e2e/testing/builds'
import { buildWith, imageContext } from '@forkproof/e2e/testing/remote-build'
import { type BenchResult, latencyResults, percentile, times } from './result.ts'
import type { BenchWorld } from './world.ts'

const githubMs = 100
const place = `2 cores for everything, process driver, canary included, GitHub ${githubMs} ms`

/** One admitted fork run, used for many builds. */
export async function admittedRun(world: BenchWorld): Promise<string> {
  const of = await forkRunWithToken(world)
  const grant = { concurrency: 100, maxMinutes: 60 }
  const project = await createProject(world, [{ repository: of.repository, eventClass: 'fork_pull_request', grant }])
  return accessToken(world, of.idToken, project)
}

interface Lease {
  readonly readyMs: number
  readonly leaseMs: number
  readonly warm: boolean
  readonly teardownMs: number
  readonly leftovers: number
}

/** Asks for a builder, waits for it as a client does, and gives it back unused. */
async function leaseOnce(world: BenchWorld, bearer: string): Promise<Lease> {
  const askedAt = performance.now()
  const build = await startBuild(world, bearer)
  // As the claimant does: the answer that began the build may tell of the builder already.
  const state = settled(build.state) ? build.state : await buildState(world, build, settled)
  const readyMs = performance.now() - askedAt
  const timings = state.platforms[0]?.timings
  if (!timings) throw new Error(`no builder: ${JSON.stringify(state)}`)
  await finishBuild(world, build)
  const receipt = (await buildState(world, build, hasEnded)).platforms[0]?.receipt
  if (!receipt) throw new Error('no receipt')
  return { readyMs, ...timings, teardownMs: receipt.teardownMs, leftovers: receipt.leftovers.length }
}

/** One after the other; the pool has the pause that a refill takes in between. */
export async function leases(
  world: BenchWorld,
  count: number,
  pauseMs: number,
  kind: 'warm' | 'cold',
): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs: githubMs })
  const bearer = await admittedRun(world)
  const all = await times(count, 1, async () => {
    await new Promise(resolve => setTimeout(resolve, pauseMs))
    return leaseOnce(world, bearer)
  })
  const fitting = all.filter(({ warm }) => warm === (kind === 'warm'))
  const of = (pick: (lease: Lease) => number) => fitting.map(pick)
  return [
    ...latencyResults(
      `${kind}: command to ready in the provisioner`,
      of(({ leaseMs }) => leaseMs),
      place,
    ),
    ...latencyResults(
      `${kind}: asked to ready, as the client sees it`,
      of(({ readyMs }) => readyMs),
      place,
    ),
    ...latencyResults(
      `teardown with receipt`,
      of(({ teardownMs }) => teardownMs),
      `${kind}; ${place}`,
    ),
    {
      name: `${kind}: leftovers`,
      value: all.reduce((sum, one) => sum + one.leftovers, 0),
      unit: 'traces',
      conditions: place,
    },
  ]
}

/**
 * So many leases at once, in turns with the same number of bare daemons. All are held until the last is ready, as the daemons are. The pool has
 * the pause before each turn.
 */
export async function atOnce(
  world: BenchWorld,
  { count, turns, pauseMs }: { count: number; turns: number; pauseMs: number },
  startBare: () => Promise<() => Promise<void>>,
): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs: 0 })
  const bearer = await admittedRun(world)
  const bareMs: number[] = []
  const readyMs: number[] = []
  let warm = 0
  for (let turn = 0; turn < turns; turn++) {
    await new Promise(resolve => setTimeout(resolve, pauseMs))
    bareMs.push(await bareAtOnce(count, startBare))
    const oursAt = performance.now()
    const builds = await times(count, count, async () => {
      const build = await startBuild(world, bearer)
      return { build, state: await buildState(world, build, settled) }
    })
    readyMs.push(performance.now() - oursAt)
    warm += builds.filter(({ state }) => state.platforms[0]?.timings?.warm).length
    await Promise.all(builds.map(({ build }) => finishBuild(world, build)))
    await Promise.all(builds.map(({ build }) => buildState(world, build, hasEnded)))
  }
  const conditions = `${count} at once, ${warm} of ${count * turns} warm; p50 of ${turns} turns; ${place}`
  const [bare, ours] = [percentile(bareMs, 0.5), percentile(readyMs, 0.5)]
  return [
    { name: `${count} bare buildkitds serving`, value: Math.round(bare), unit: 'ms', conditions },
    { name: `${count} builders ready`, value: Math.round(ours), unit: 'ms', conditions },
    { name: 'builders over bare buildkitds', value: round(ours / bare), unit: 'ratio', conditions },
  ]
}

async function bareAtOnce(count: number, startBare: () => Promise<() => Promise<void>>): Promise<number> {
  const startedAt = performance.now()
  const stops = await times(count, count, startBare)
  const ms = performance.now() - startedAt
  await Promise.all(stops.map(stop => stop()))
  return ms
}

/** Real builds in a row, and what the machine has more of afterwards. */
export async function inARow(world: BenchWorld, count: number, provisionerPid: number): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs: 0 })
  const bearer = await admittedRun(world)
  const context = await imageContext({ probe: world.programs.probe, folder: world.folder })
  const once = async () => {
    const build = await startBuild(world, bearer)
    const to = await writeCredentials(await buildState(world, build, settled), world.folder)
    const done = await buildWith({ buildctl: world.programs.buildctl, to }, context)
    if (done.code !== 0) throw new Error(done.output)
    await finishBuild(world, build)
    await buildState(world, build, hasEnded)
  }
  await times(5, 1, once)
  const before = await machineFigures(world.folder, provisionerPid)
  await times(count, 1, once)
  const after = await machineFigures(world.folder, provisionerPid)
  return Object.entries(after).map(([name, value]) => ({
    name: `${name} after ${count} builds, more than before`,
    value: round(value - (before[name] ?? 0)),
    unit: name.includes('MiB') ? 'MiB' : 'count',
    conditions: place,
  }))
}

async function machineFigures(folder: string, pid: number): Promise<Record<string, number>> {
  const { bavail, bsize } = await statfs(folder)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return {
    'MiB resident in the provisioner': Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024,
    'MiB used on the disk': -(bavail * bsize) / 1_048_576,
    'open files of the provisioner': (await readdir(`/proc/${pid}/fd`)).length,
    mounts: (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').length,
    processes: (await readdir('/proc')).filter(name => /^\d+$/.test(name)).length,
  }
}

/** From the code being visible to the image being built, beside the same build on a bare daemon with the same client. */
export async function wholeJob(
  world: BenchWorld,
  count: number,
  buildBare: (context: string) => Promise<number>,
): Promise<BenchResult[]> {
  await world.github.setBehaviour({ latencyMs: githubMs })
  const context = await imageContext({ probe: world.programs.probe, folder: world.folder })
  const ours: number[] = []
  const bare: number[] = []
  for (let index = 0; index < count; index++) {
    bare.push(await buildBare(context))
    ours.push(await jobOnce(world, context))
  }
  const difference = percentile(ours, 0.5) - percentile(bare, 0.5)
  return [
    ...latencyResults('whole job: code visible to image built', ours, place),
    ...latencyResults('the same build on a bare local daemon', bare, 'daemon running, no isolation, same buildctl'),
    {
      name: 'overhead of the whole job',
      value: Math.round(difference),
      unit: 'ms',
      conditions: `p50, in turns; ${place}`,
    },
  ]
}

async function jobOnce(world: BenchWorld, context: string): Promise<number> {
  const of = await forkRunWithToken(world)
  const project = await createProject(world, [{ repository: of.repository, eventClass: 'fork_pull_request' }])
  const startedAt = performance.now()
  const build = await startBuild(world, await accessToken(world, of.idToken, project))
  const to = await writeCredentials(await buildState(world, build, settled), world.folder)
  const done = await buildWith({ buildctl: world.programs.buildctl, to }, context)
  const ms = performance.now() - startedAt
  if (done.code !== 0) throw new Error(done.output)
  await finishBuild(world, build)
  await buildState(world, build, hasEnded)
  return of.visibleToTokenMs + ms
}

const round = (value: number): number => Math.round(value * 100) / 100
