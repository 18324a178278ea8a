import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts'

const waitPollMs = 200
const contendPollMs = 10
const contendRoundsMax = 500
const entryPattern = /^(\d{1,10})\.(\d{0,20})\.([0-9a-f-]{36})(\.held)?$/

interface LockEntry extends ProcessIdentity {
  readonly file: string
  readonly nonce: string
  readonly held: boolean
}

interface ProcessLock {
  /** Idempotent. */
  release(): Promise<void>
}

export class LockHeldError extends Error {
  readonly pid: number
  constructor(path: string, pid: number) {
    super(`${path} is held by process ${pid}`)
    this.name = 'LockHeldError'
    this.pid = pid
  }
}

/**
 * Takes the lock for this process or throws LockHeldError; what a dead process left is swept away.
 *
 * The lock is a folder with one file per contender, named by pid, start time and a nonce. Each contender writes its own
 * file first and looks for others afterwards, so of two at least one sees the other. No file name changes hands: a
 * single lock file could not be taken over without the risk of removing one that was just made. Among contenders the
 * smallest nonce waits and the others step back.
 */
export async function acquireLock(path: string, clock: Clock = systemClock): Promise<ProcessLock> {
  const me = identityOf(process.pid)
  const nonce = randomUUID()
  const mine = join(path, `${me.pid}.${me.startTicks}.${nonce}`)
  const release = () => withdraw(path, mine)
  try {
    for (let round = 0; round < contendRoundsMax; round++) {
      await put(path, mine)
      const others = (await livingEntries(path)).filter(entry => entry.nonce !== nonce)
      const holder = others.find(entry => entry.held)
      if (holder) throw new LockHeldError(path, holder.pid)
      if (others.length === 0) {
        await put(path, `${mine}.held`)
        return { release }
      }
      if (others.some(entry => entry.nonce < nonce)) await withdraw(path, mine)
      await clock.sleep(contendPollMs)
    }
    throw new Error(`${path} could not be locked: others keep asking for it`)
  } catch (err) {
    await release()
    throw err
  }
}

/**
 * Does as acquireLock, but waits up to `waitMsMax` for the holder to let go.
 * `onWait` is called once, with the holder's pid.
 */
export async function waitForLock(
  path: string,
  options: { waitMsMax: number; signal?: AbortSignal; clock?: Clock; onWait?: (pid: number) => void },
): Promise<ProcessLock> {
  const clock = options.clock ?? systemClock
  const deadlineMs = clock.now() + options.waitMsMax
  for (let told = false; ; told = true) {
    try {
      return await acquireLock(path, clock)
    } catch (err) {
      if (!(err instanceof LockHeldError) || clock.now() >= deadlineMs) throw err
      if (!told) options.onWait?.(err.pid)
    }
    await clock.sleep(waitPollMs, options.signal)
  }
}

/** Another contender may remove the emptied folder between (and within) the two steps, hence the repetition. */
async function put(folder: string, file: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return await writeFile(file, '', { mode: 0o600 })
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT' || attempt >= 10) throw err
    }
  }
}

async function livingEntries(folder: string): Promise<readonly LockEntry[]> {
  const living: LockEntry[] = []
  for (const file of await readdir(folder)) {
    const entry = parseEntry(file)
    if (entry && isRunning(entry)) living.push(entry)
    else await rm(join(folder, file), { recursive: true, force: true })
  }
  return living
}

function parseEntry(file: string): LockEntry | undefined {
  const [, pid, startTicks = '', nonce = '', held] = entryPattern.exec(file) ?? []
  return pid === undefined ? undefined : { file, pid: Number(pid), startTicks, nonce, held: held !== undefined }
}

async function withdraw(folder: string, file: string): Promise<void> {
  await rm(`${file}.held`, { force: true })
  await rm(file, { force: true })
  await rmdir(folder).catch(() => {})
}
