import { setTimeout as delay } from 'node:timers/promises'

export interface KillGrace {
  interruptMs: number
  terminateMs: number
}

const pollMs = 20

/** True while any process of the group lives. A zombie counts as living; the runner waits for its own children. */
export function groupAlive(groupId: number): boolean {
  return signalGroup(groupId, 0)
}

/** Sends a signal to every process of the group; false when there is none left. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal)
  } catch {
    return false
  }
}

export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Ends a process group as GitHub's runner does: SIGINT, SIGTERM, SIGKILL (docs/facts/github.md#runner). */
export async function endGroup(groupId: number, grace: KillGrace): Promise<void> {
  if (!signalGroup(groupId, 'SIGINT') || (await gone(groupId, grace.interruptMs))) return
  if (!signalGroup(groupId, 'SIGTERM') || (await gone(groupId, grace.terminateMs))) return
  signalGroup(groupId, 'SIGKILL')
}

async function gone(groupId: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (groupAlive(groupId)) {
    if (performance.now() >= deadline) return false
    await delay(pollMs)
  }
  return true
}
