import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { BuilderId } from '@forkproof/contracts/ids'
import { systemPath } from '../../host/run-program.ts'
import { launchScript } from './root-template.ts'

const furnishMsMax = 10_000
const lastLinesMax = 12
const lineCharactersMax = 400

interface LaunchOptions {
  readonly builderId: BuilderId
  readonly folder: string
  readonly firstUser: number
  readonly secondsLeft: number
  readonly cgroups: readonly string[]
}

/** A builder whose namespaces are there and whose BuildKit waits to be let go. */
export interface LaunchedBuilder {
  /** Process 1 of the builder, as the machine counts. */
  readonly pid: number
  /** Lets BuildKit start. */
  go(): void
  /** Resolves when it is over, whatever ended it. */
  readonly exited: Promise<{ readonly code: number | null; readonly lines: readonly string[] }>
}

/** @throws when the namespaces or the root could not be made; the caller then removes what is there */
export async function launchBuilder(options: LaunchOptions, signal: AbortSignal): Promise<LaunchedBuilder> {
  const child = spawnLauncher(options)
  const lines: string[] = []
  const keep = (line: string) => {
    lines.push(line.slice(0, lineCharactersMax))
    if (lines.length > lastLinesMax) lines.shift()
  }
  if (!child.stdin || !child.stdout || !child.stderr) throw new Error('a builder was started without its pipes')
  const { stdin } = child
  stdin.on('error', () => {})
  createInterface({ input: child.stderr }).on('line', keep)
  const { promise: born, resolve, reject } = Promise.withResolvers<number>()
  createInterface({ input: child.stdout }).on('line', line => {
    const pid = /^process ([1-9][0-9]*)$/.exec(line)?.[1]
    if (pid === undefined) keep(line)
    else resolve(Number(pid))
  })
  const closed = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, lines }))
  const exited = closed.catch(() => ({ code: null, lines }))
  child.once('error', reject)
  void exited.then(({ code }) =>
    reject(new Error(`a builder’s root could not be made (${code}): ${lines.join(' | ')}`)),
  )
  const bound = AbortSignal.any([signal, AbortSignal.timeout(furnishMsMax)])
  const giveUp = () => reject(bound.reason)
  bound.addEventListener('abort', giveUp, { once: true })
  if (bound.aborted) giveUp()
  try {
    const pid = await born
    return { pid, go: () => void stdin.end('go\n'), exited }
  } catch (error) {
    // With its first process gone, all below it are on their way out: see the script.
    child.kill('SIGKILL')
    await exited
    throw error
  } finally {
    bound.removeEventListener('abort', giveUp)
  }
}

function spawnLauncher({ builderId, folder, firstUser, secondsLeft, cgroups }: LaunchOptions): ChildProcess {
  // In a session of its own, so that a signal to ours from a terminal reaches us alone and the end is in order.
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', '/bin/sh', launchScript, 'enclose', ...cgroups], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: {
      PATH: `/forkproof/bin:${systemPath}`,
      BUILDER: builderId,
      FOLDER: folder,
      FIRST_USER: String(firstUser),
      SECONDS_LEFT: String(secondsLeft),
    },
  })
}
