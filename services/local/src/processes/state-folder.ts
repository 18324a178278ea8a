import { chmod, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { acquireLock, LockHeldError } from './process-lock.ts'

export interface StateFolder {
  readonly path: string
  /** One file per child process. */
  readonly logs: string
  /** Gives the folder up. Idempotent. */
  release(): Promise<void>
}

/**
 * Opens the folder that one running system owns: databases, keys, generated configuration, logs.
 * Only the user can read it. The lock of a process that was killed is taken over.
 * @throws LockHeldError with a hint while another process runs from it
 */
export async function openStateFolder(folder: string, setting: string): Promise<StateFolder> {
  const path = resolve(folder)
  const logs = join(path, 'logs')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
  try {
    const lock = await acquireLock(join(path, 'lock'))
    return { path, logs, release: () => lock.release() }
  } catch (err) {
    if (!(err instanceof LockHeldError)) throw err
    err.message = `already running as process ${err.pid} from ${path}: stop that one, or start this one with another folder (${setting}) and other ports`
    throw err
  }
}
