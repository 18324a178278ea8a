import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { LineSplitter } from '../output/line-splitter.ts'
import { outputDrainMs } from '../runner-limits.ts'
import { endGroup, type KillGrace } from './process-group.ts'

interface ProcessRequest {
  file: string
  args: readonly string[]
  directory: string
  /** The whole environment: nothing of the simulator's own is added. */
  environment: Readonly<Record<string, string>>
  onLine(line: string): void
  /** Told the group's id, so that what the process leaves behind can be ended with the job. */
  onStarted(groupId: number): void
  signal: AbortSignal
  grace: KillGrace
}

export type ProcessEnd =
  | { kind: 'exited'; code: number }
  | { kind: 'aborted' }
  | { kind: 'not-started'; reason: string }

/** Runs one program in its own process group until it exits or is aborted. What the program does never rejects. */
export async function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  if (request.signal.aborted) return { kind: 'aborted' }
  const child = spawn(request.file, request.args, {
    cwd: request.directory,
    env: { ...request.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const groupId = child.pid
  if (groupId === undefined) return { kind: 'not-started', reason: await startFailure(child, request) }
  request.onStarted(groupId)
  let listening = true
  const streams = [child.stdout, child.stderr].map(async stream => {
    const splitter = new LineSplitter(line => {
      if (listening) request.onLine(line)
    })
    stream?.on('data', (chunk: Buffer) => splitter.push(chunk))
    if (stream && !stream.readableEnded) await once(stream, 'close').catch(() => undefined)
    splitter.end()
  })
  let ending: Promise<void> | undefined
  const abort = () => {
    ending ??= endGroup(groupId, request.grace)
  }
  request.signal.addEventListener('abort', abort)
  try {
    const [code, signalName] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    await drained(streams)
    await ending
    if (request.signal.aborted) return { kind: 'aborted' }
    return { kind: 'exited', code: code ?? exitCodeOf(signalName) }
  } finally {
    listening = false
    request.signal.removeEventListener('abort', abort)
  }
}

async function drained(streams: Promise<void>[]): Promise<void> {
  const timer = new AbortController()
  const timeout = delay(outputDrainMs, undefined, { signal: timer.signal }).catch(() => undefined)
  await Promise.race([Promise.all(streams), timeout])
  timer.abort()
}

async function startFailure(child: ChildProcess, request: ProcessRequest): Promise<string> {
  const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException]
  return `An error occurred trying to start process '${request.file}' with working directory '${request.directory}'. ${error.code ?? 'Unknown reason'}`
}

/** Shells' convention: 128 + the number of the signal. */
function exitCodeOf(signalName: NodeJS.Signals | null): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGABRT: 6,
    SIGKILL: 9,
    SIGSEGV: 11,
    SIGTERM: 15,
  }
  return 128 + ((signalName && numbers[signalName]) ?? 0)
}
