import { readdir, readFile } from 'node:fs/promises'
import { ifVanished } from '../../host/absence.ts'

const pollMs = 200

/** A process for good: pids are used again, a pid with its start time is not. */
export interface InitProcess {
  readonly pid: number
  readonly startTicks: string
}

export async function initProcess(pid: number): Promise<InitProcess | undefined> {
  const startTicks = await startTicksOf(pid)
  return startTicks === undefined ? undefined : { pid, startTicks }
}

/** False for a zombie too: it holds nothing but its number. */
export async function isAlive({ pid, startTicks }: InitProcess): Promise<boolean> {
  return (await startTicksOf(pid)) === startTicks
}

/** SIGKILL without Docker. With it go all processes of the container: it is the first of their pid namespace. */
export async function killInit(init: InitProcess): Promise<void> {
  if (!(await isAlive(init))) return
  try {
    process.kill(init.pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}

/**
 * Resolves when the process is over or the signal aborts.
 * It looks at the process instead of asking Docker: the daemon may be dead, and its answer to `wait` ends with it.
 */
export async function untilEnded(init: InitProcess, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await isAlive(init))) {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, pollMs)
      // Waiting for a builder does not keep this process alive.
      timer.unref()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

/** The lines of `/proc/<pid>/cgroup`, `<number>:<controllers>:<path>`; none for a process that is over. */
export async function cgroupsOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(ifVanished(''))
  return text.split('\n').filter(line => line !== '')
}

/** Living processes in a cgroup of the container, and the shims that keep it. */
export async function containerProcesses(
  containerId: string,
): Promise<readonly (InitProcess & { readonly name: string })[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isSafeInteger)
  const found = await Promise.all(
    pids.map(async pid => {
      // First of all: whoever has the pid later is another.
      const startTicks = await startTicksOf(pid)
      if (startTicks === undefined) return []
      const [cgroups, command] = await Promise.all([
        readFile(`/proc/${pid}/cgroup`, 'utf8').catch(ifVanished('')),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(ifVanished('')),
      ])
      if (!cgroups.includes(containerId) && !command.includes(containerId)) return []
      return [{ pid, startTicks, name: command.split('\0')[0]?.split('/').at(-1) ?? '' }]
    }),
  )
  return found.flat()
}

async function startTicksOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(ifVanished(''))
  // The command's name may hold spaces and brackets: the fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === '' || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}
