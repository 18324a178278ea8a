import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { BuilderId } from '@forkproof/contracts/ids'
import { systemPath } from '../../host/run-program.ts'
import type { Driver } from '../driver.ts'

const inventoryMsMax = 60_000
/** More than a builder of the conformance suite may have together with BuildKit; each of its three tmpfs has 64 MiB. */
export const scarceMemoryBytes = 160 * 1024 * 1024

const tracesOfKind = async (driver: Driver, id: BuilderId, kind: string): Promise<readonly string[]> =>
  (await driver.inventory(id, AbortSignal.timeout(inventoryMsMax)))
    .filter(trace => trace.startsWith(`${kind} `))
    .map(trace => trace.slice(kind.length + 1))

/** As the machine counts processes; NaN when the builder has no process of that name. */
export async function pidOf(driver: Driver, id: BuilderId, program: string): Promise<number> {
  const found = (await tracesOfKind(driver, id, 'process')).find(one => new RegExp(`^\\d+ .*${program}`).test(one))
  return Number(found?.split(' ')[0])
}

/** Processes and threads: the bound on processes counts both. */
export async function countTasks(driver: Driver, id: BuilderId): Promise<number> {
  const pids = (await tracesOfKind(driver, id, 'process')).flatMap(one => /^\d+/.exec(one)?.[0] ?? [])
  const tasks = await Promise.all(pids.map(pid => readdir(`/proc/${pid}/task`).catch(() => [])))
  return tasks.flat().length
}

export async function killBuildKit(driver: Driver, id: BuilderId): Promise<void> {
  process.kill(await pidOf(driver, id, 'buildkitd'), 'SIGKILL')
}

/**
 * Fills the builder's tmpfs from inside its cgroup and namespaces until BuildKit is dead.
 * Pages of a tmpfs cannot be dropped without swap, so the kernel ends the largest process, which is BuildKit.
 * For builders with `scarceMemoryBytes`.
 */
export async function exhaustMemory(driver: Driver, id: BuilderId): Promise<void> {
  const pid = await pidOf(driver, id, 'buildkitd')
  const folders = (await tracesOfKind(driver, id, 'cgroup')).filter(boundsMemory)
  const join = folders.map(folder => `echo $$ >'${folder}/cgroup.procs'`)
  const inside = `exec nsenter --target ${pid} --user --mount --setuid 0 --setgid 0 -- /bin/sh -c "$WRITE"`
  for (const file of ['/tmp/filled', '/run/filled', '/dev/shm/filled']) {
    // A process for each step, with nothing but the shell, which every builder has. One that stayed would keep the
    // cgroup after the builder, and writing on would make the kernel end the builder's other processes.
    for (let written = 0; written < temporaryMebibytes && existsSync(`/proc/${pid}/exe`); written += stepMebibytes) {
      const env = { PATH: systemPath, WRITE: `printf '%${stepMebibytes * 1_048_576}s' '' >>${file}` }
      const child = spawn('sh', ['-c', [...join, inside].join('\n')], { stdio: 'ignore', env })
      await once(child, 'close')
    }
  }
}

const temporaryMebibytes = 64
const stepMebibytes = 4
const boundsMemory = (folder: string): boolean =>
  ['memory.max', 'memory.limit_in_bytes'].some(file => existsSync(`${folder}/${file}`))
