import { readdir, readFile } from 'node:fs/promises'

/**
 * Processes that carry the job's RUNNER_TRACKING_ID in their environment: children that left their process group.
 * They are found through /proc, so on other systems the list is empty and only the groups are ended.
 */
async function findTrackedProcesses(trackingId: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [] as string[])
  const pids = names.filter(name => /^\d+$/.test(name)).map(Number)
  const marker = `RUNNER_TRACKING_ID=${trackingId}`
  const tracked = await Promise.all(
    pids.map(async pid => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      return environment.split('\0').includes(marker) ? pid : undefined
    }),
  )
  return tracked.filter(pid => pid !== undefined && pid !== process.pid) as number[]
}

/** Kills them without grace, since the job is over. Returns their ids. */
export async function killTrackedProcesses(trackingId: string): Promise<number[]> {
  const roundsMax = 5
  const ended = new Set<number>()
  for (let round = 0; round < roundsMax; round += 1) {
    const pids = await findTrackedProcesses(trackingId)
    if (pids.length === 0) break
    for (const pid of pids) {
      ended.add(pid)
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended between being found and being signalled.
      }
    }
  }
  return [...ended]
}
