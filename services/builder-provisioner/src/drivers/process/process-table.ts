import { readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate as immediate } from 'node:timers/promises'
import { ifVanished } from '../../host/absence.ts'

/** The kernel answers from memory: asked on the spot an owner takes some 5 µs, by way of Node's threads far more. Then others have their turn. */
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
 * The effective user of every process, those that are over but not reaped among them. A process that may not be dumped belongs to the root of its
 * user namespace instead, so one in a builder's namespace belongs to that builder's range either way (proc(5)).
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
 * Undefined for one that is over, also when it only waits for its parent to ask for its exit code (a zombie): it holds no memory, file, namespace
 * or cgroup, only a number, and where process 1 of the machine does not reap it would be listed for ever. @throws when it cannot be told, such as
 * for want of file handles: nobody may be overlooked for that
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
