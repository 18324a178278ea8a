import { readdirSync, readFileSync } from 'node:fs'

interface ProcessStat {
  readonly state: string
  readonly group: number
  readonly startTicks: string
}

/**
 * Fields of /proc/<pid>/stat (proc_pid_stat(5)), or undefined where there is no such process or no /proc.
 * The command name may hold spaces and brackets.
 */
function statOf(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const rest = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: rest[0] ?? '', group: Number(rest[2]), startTicks: rest[19] ?? '' }
  } catch {
    return undefined
  }
}

function answersSignals(target: number): boolean {
  try {
    process.kill(target, 0)
    return true
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Names one process for good: a pid is used again, a pid with its start time is not.
 * The start time is empty where the system does not tell it.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTicks: string
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: statOf(pid)?.startTicks ?? '' }
}

/** False for a process that ended, for a zombie, and for another process that got the same pid later. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0 || !answersSignals(identity.pid)) return false
  const stat = statOf(identity.pid)
  if (!stat) return true
  return stat.state !== 'Z' && (identity.startTicks === '' || stat.startTicks === identity.startTicks)
}

/**
 * True while a process of the group lives. Zombies do not count: where pid 1 does not reap them, as in containers,
 * `kill(-group, 0)` finds them for ever.
 */
export function groupIsRunning(group: number): boolean {
  if (!answersSignals(-group)) return false
  const pids = allPids()
  if (pids.length === 0) return true
  return pids.some(pid => {
    const stat = statOf(pid)
    return stat !== undefined && stat.group === group && stat.state !== 'Z'
  })
}

/** Every pid that /proc shows; empty where there is none. */
export function allPids(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isSafeInteger)
  } catch {
    return []
  }
}
