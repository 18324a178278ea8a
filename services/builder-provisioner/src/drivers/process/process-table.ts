import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate as immediate } from 'node:timers/promises'
import { ifGone } from '../../programs/gone.ts'

/** The kernel answers from memory: read on the spot a process takes some 30 µs, by way of Node's threads ten times that. Then others have their turn. */
const readInOneGoMax = 64

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
 * Every process that runs. One that is over and only waits for its parent to ask for its exit code (a zombie) is left out: it holds no memory,
 * file, namespace or cgroup, only a number, and where process 1 of the machine does not reap it would be listed for ever.
 */
export async function runningProcesses(): Promise<readonly SeenProcess[]> {
  const pids = (await readdir('/proc')).filter(name => /^[0-9]+$/.test(name)).map(Number)
  const seen: SeenProcess[] = []
  for (let at = 0; at < pids.length; at += readInOneGoMax) {
    seen.push(...pids.slice(at, at + readInOneGoMax).flatMap(pid => readProcess(pid) ?? []))
    await immediate()
  }
  return seen
}

/** Undefined for one that is over. @throws when it cannot be told, such as for want of file handles: nobody may be overlooked for that */
export function readProcess(pid: number): SeenProcess | undefined {
  try {
    const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8')
    return parseStatus(pid, read('status'), read('cgroup'))
  } catch (error) {
    return ifGone(undefined)(error)
  }
}

export function parseStatus(pid: number, status: string, cgroups: string): SeenProcess | undefined {
  const field = (name: string) => new RegExp(`^${name}:\t(.*)$`, 'm').exec(status)?.[1] ?? ''
  if (/^[ZX]/.test(field('State'))) return undefined
  const numbers = (name: string) => field(name).split('\t').map(Number)
  return { pid, name: field('Name'), users: numbers('Uid'), pids: numbers('NSpid'), cgroups }
}

/** Process 1 of a PID namespace just below ours: with it the kernel ends all that are in there. */
export const isInit = ({ pids }: SeenProcess): boolean => pids.length === 2 && pids[1] === 1
