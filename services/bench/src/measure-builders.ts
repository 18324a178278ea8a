import { readdir, readFile, statfs } from 'node:fs/promises'
import {
  buildState,
  createProject,
  finishBuild,
  forkRunWithToken,
  getAccessToken,
  hasEnded,
  isSettled,
  postBuild,
  writeCredentials,
} from '@forkproof/e2e/testing/build-requests'
import { buildWith, imageContext } from '@forkproof/e2e/testing/remote-build'
import { type BenchResult, latencyResults, percentile, runConcurrently } from './bench-result.ts'
import type { BenchSystem } from './bench-system.ts'

const githubMs = 100
const conditionsOfAll = `2 cores for everything, process driver, canary included, GitHub ${githubMs} ms`

/** The access token of one admitted fork run, used for many builds. */
async function admittedAccessToken(bench: BenchSystem): Promise<string> {
  const of = await forkRunWithToken(bench)
  const grant = { concurrency: 100, maxMinutes: 60 }
  const project = await createProject(bench, [{ repository: of.repository, eventClass: 'fork_pull_request', grant }])
  return getAccessToken(bench, of.idToken, project)
}

interface LeaseFigures {
  readonly readyMs: number
  readonly leaseMs: number
  readonly warm: boolean
  readonly teardownMs: number
  readonly leftovers: number
}

/** Asks for a builder, waits for it as a client does, and ends the build without using it. */
async function measureLease(bench: BenchSystem, bearer: string): Promise<LeaseFigures> {
  const askedAt = performance.now()
  const build = await postBuild(bench, bearer)
  // Like the claimant: the answer that began the build may already have the builder.
  const state = isSettled(build.state) ? build.state : await buildState(bench, build, isSettled)
  const readyMs = performance.now() - askedAt
  const timings = state.platforms[0]?.timings
  if (!timings) throw new Error(`no builder: ${JSON.stringify(state)}`)
  await finishBuild(bench, build)
  const receipt = (await buildState(bench, build, hasEnded)).platforms[0]?.receipt
  if (!receipt) throw new Error('no receipt')
  return { readyMs, ...timings, teardownMs: receipt.teardownMs, leftovers: receipt.leftovers.length }
}

/** Leases one after the other, with a pause in between for the pool to refill. */
export async function measureLeases(
  bench: BenchSystem,
  count: number,
  pauseMs: number,
  kind: 'warm' | 'cold',
): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs: githubMs })
  const bearer = await admittedAccessToken(bench)
  const all = await runConcurrently(count, 1, async () => {
    await new Promise(resolve => setTimeout(resolve, pauseMs))
    return measureLease(bench, bearer)
  })
  const fitting = all.filter(({ warm }) => warm === (kind === 'warm'))
  const of = (pick: (lease: LeaseFigures) => number) => fitting.map(pick)
  return [
    ...latencyResults(
      `${kind}: command to ready in the provisioner`,
      of(({ leaseMs }) => leaseMs),
      conditionsOfAll,
    ),
    ...latencyResults(
      `${kind}: asked to ready, as the client sees it`,
      of(({ readyMs }) => readyMs),
      conditionsOfAll,
    ),
    ...latencyResults(
      `teardown with receipt`,
      of(({ teardownMs }) => teardownMs),
      `${kind}; ${conditionsOfAll}`,
    ),
    {
      name: `${kind}: leftovers`,
      value: all.reduce((sum, one) => sum + one.leftovers, 0),
      unit: 'traces',
      conditions: conditionsOfAll,
    },
  ]
}

/**
 * Leases `count` builders at once, in turns with as many bare daemons.
 * All are held until the last is ready, as the daemons are. The pool has the pause before each turn.
 */
export async function measureConcurrentBuilders(
  bench: BenchSystem,
  { count, turns, pauseMs }: { count: number; turns: number; pauseMs: number },
  startBare: () => Promise<() => Promise<void>>,
): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs: 0 })
  const bearer = await admittedAccessToken(bench)
  const bareMs: number[] = []
  const readyMs: number[] = []
  let warm = 0
  for (let turn = 0; turn < turns; turn++) {
    await new Promise(resolve => setTimeout(resolve, pauseMs))
    bareMs.push(await bareAtOnce(count, startBare))
    const oursAt = performance.now()
    const builds = await runConcurrently(count, count, async () => {
      const build = await postBuild(bench, bearer)
      return { build, state: await buildState(bench, build, isSettled) }
    })
    readyMs.push(performance.now() - oursAt)
    warm += builds.filter(({ state }) => state.platforms[0]?.timings?.warm).length
    await Promise.all(builds.map(({ build }) => finishBuild(bench, build)))
    await Promise.all(builds.map(({ build }) => buildState(bench, build, hasEnded)))
  }
  const conditions = `${count} at once, ${warm} of ${count * turns} warm; p50 of ${turns} turns; ${conditionsOfAll}`
  const [bare, ours] = [percentile(bareMs, 0.5), percentile(readyMs, 0.5)]
  return [
    { name: `${count} bare buildkitds serving`, value: Math.round(bare), unit: 'ms', conditions },
    { name: `${count} builders ready`, value: Math.round(ours), unit: 'ms', conditions },
    { name: 'builders over bare buildkitds', value: round(ours / bare), unit: 'ratio', conditions },
  ]
}

async function bareAtOnce(count: number, startBare: () => Promise<() => Promise<void>>): Promise<number> {
  const startedAt = performance.now()
  const stops = await runConcurrently(count, count, startBare)
  const ms = performance.now() - startedAt
  await Promise.all(stops.map(stop => stop()))
  return ms
}

/** Runs builds one after the other, and reports what the machine has more of afterwards. */
export async function measureConsecutiveBuilds(
  bench: BenchSystem,
  count: number,
  provisionerPid: number,
): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs: 0 })
  const bearer = await admittedAccessToken(bench)
  const context = await imageContext({ probe: bench.programs.probe, folder: bench.folder })
  const once = async () => {
    const build = await postBuild(bench, bearer)
    const to = await writeCredentials(await buildState(bench, build, isSettled), bench.folder)
    const done = await buildWith({ buildctl: bench.programs.buildctl, to }, context)
    if (done.code !== 0) throw new Error(done.output)
    await finishBuild(bench, build)
    await buildState(bench, build, hasEnded)
  }
  await runConcurrently(5, 1, once)
  const before = await machineFigures(bench.folder, provisionerPid)
  await runConcurrently(count, 1, once)
  const after = await machineFigures(bench.folder, provisionerPid)
  return Object.entries(after).map(([name, value]) => ({
    name: `${name} after ${count} builds, more than before`,
    value: round(value - (before[name] ?? 0)),
    unit: name.includes('MiB') ? 'MiB' : 'count',
    conditions: conditionsOfAll,
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

/** From the visible code to the built image, and the same build on a bare daemon with the same client. */
export async function measureWholeJobs(
  bench: BenchSystem,
  count: number,
  buildBare: (context: string) => Promise<number>,
): Promise<BenchResult[]> {
  await bench.github.setBehaviour({ latencyMs: githubMs })
  const context = await imageContext({ probe: bench.programs.probe, folder: bench.folder })
  const ours: number[] = []
  const bare: number[] = []
  for (let index = 0; index < count; index++) {
    bare.push(await buildBare(context))
    ours.push(await measureWholeJob(bench, context))
  }
  const difference = percentile(ours, 0.5) - percentile(bare, 0.5)
  return [
    ...latencyResults('whole job: code visible to image built', ours, conditionsOfAll),
    ...latencyResults('the same build on a bare local daemon', bare, 'daemon running, no isolation, same buildctl'),
    {
      name: 'overhead of the whole job',
      value: Math.round(difference),
      unit: 'ms',
      conditions: `p50, in turns; ${conditionsOfAll}`,
    },
  ]
}

async function measureWholeJob(bench: BenchSystem, context: string): Promise<number> {
  const of = await forkRunWithToken(bench)
  const project = await createProject(bench, [{ repository: of.repository, eventClass: 'fork_pull_request' }])
  const startedAt = performance.now()
  const build = await postBuild(bench, await getAccessToken(bench, of.idToken, project))
  const to = await writeCredentials(await buildState(bench, build, isSettled), bench.folder)
  const done = await buildWith({ buildctl: bench.programs.buildctl, to }, context)
  const ms = performance.now() - startedAt
  if (done.code !== 0) throw new Error(done.output)
  await finishBuild(bench, build)
  await buildState(bench, build, hasEnded)
  return of.visibleToTokenMs + ms
}

const round = (value: number): number => Math.round(value * 100) / 100
