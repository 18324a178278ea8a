import { spawn } from 'node:child_process'
import { once } from 'node:events'
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
 * Fills the builder's tmpfs from inside its cgroups and namespaces until BuildKit is dead. Pages of a tmpfs cannot be
 * dropped without swap, so the kernel ends the largest process, which is BuildKit. For builders with `scarceMemoryBytes`.
 */
export async function exhaustMemory(driver: Driver, id: BuilderId): Promise<void> {
  const pid = await pidOf(driver, id, 'buildkitd')
  const folders = await tracesOfKind(driver, id, 'cgroup')
  const join = folders.map(folder => `echo $$ >'${folder}/cgroup.procs'`)
  // Nothing but the shell, which every builder has. In small steps: what is written after BuildKit's end would make the
  // kernel end the builder's other processes.
  const fill = `
    chunk=$(printf '%1048576s' '')
    for folder in /tmp /run /dev/shm; do
      for step in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        kill -0 ${pid} || exit 0
        printf '%s%s%s%s' "$chunk" "$chunk" "$chunk" "$chunk" >>$folder/filled || true
      done
    done 2>/dev/null`
  const inside = `exec nsenter --target ${pid} --user --mount --setuid 0 --setgid 0 -- /bin/sh -c "$FILL"`
  const env = { PATH: systemPath, FILL: fill }
  const child = spawn('sh', ['-c', [...join, inside].join('\n')], { stdio: 'ignore', env })
  await once(child, 'close')
}
