import { readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate as immediate } from 'node:timers/promises'
import { ifVanished } from '../../host/absence.ts'

/**
 * A synchronous look at an owner takes some 5 µs, since the kernel answers from memory; by way of Node's threads it
 * takes far more. After this many of them other work gets its turn.
 */
const askedInOneGoMax = 256

export interface SeenProcess {
  readonly pid: number
  readonly name: string
  /** Real, effective, saved and file system user, as the machine counts them. */
  readonly users: readonly number[]
  /** Its pid in each PID namespace from ours to its own. */
  readonly pids: readonly number[]
  readonly cgroups: string
}

/**
 * The effective user of every process, also of those that are over and not reaped.
 * A process that may not be dumped belongs to the root of its user namespace instead, so a process in a builder's
 * namespace belongs to that builder's range either way (proc(5)).
 */
export async function processOwners(): Promise<readonly { readonly pid: number; readonly user: number }[]> {
  const pids = (await readdir('/proc')).filter(name => /^[0-9]+$/.test(name)).map(Number)
  const owners: { pid: number; user: number }[] = []
  for (let at = 0; at < pids.length; at += askedInOneGoMax) {
    for (const pid of pids.slice(at, at + askedInOneGoMax)) {
      const found = statSync(`/proc/${pid}`, { throwIfNoEntry: false })
      if (found) owners.push({ pid, user: found.uid })
    }
    await immediate()
  }
  return owners
}

/**
 * Undefined for a process that is over, also when it only waits for its parent to read its exit code (a zombie).
 * A zombie holds no memory, file, namespace or cgroup, only a number, and would be listed for ever where process 1 of
 * the machine does not reap it.
 * @throws when it cannot be read, such as for want of file handles, so that no process is overlooked for that
 */
export function readProcess(pid: number): SeenProcess | undefined {
  try {
    const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8')
    return parseStatus(pid, read('status'), read('cgroup'))
  } catch (error) {
    return ifVanished(undefined)(error)
  }
}

const lines = {
  name: /^Name:\t(.*)$/m,
  state: /^State:\t(.*)$/m,
  users: /^Uid:\t(.*)$/m,
  pids: /^NSpid:\t(.*)$/m,
} as const

export function parseStatus(pid: number, status: string, cgroups: string): SeenProcess | undefined {
  const field = (line: RegExp) => line.exec(status)?.[1] ?? ''
  if (/^[ZX]/.test(field(lines.state))) return undefined
  const numbers = (line: RegExp) => field(line).split('\t').map(Number)
  return { pid, name: field(lines.name), users: numbers(lines.users), pids: numbers(lines.pids), cgroups }
}

/** Process 1 of a PID namespace just below ours: with it the kernel ends all that are in there. */
export const isInit = ({ pids }: SeenProcess): boolean => pids.length === 2 && pids[1] === 1
