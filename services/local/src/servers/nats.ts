import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type BusPasswords, natsConfig } from '@forkproof/deployment/nats-config'
import type { GroupProcess } from '../processes/group-process.ts'
import type { ReadySign } from '../processes/readiness.ts'
import type { Supervisor } from '../processes/supervisor.ts'

const greetingBytesMax = 65_536

interface NatsOptions {
  /** The nats-server program. */
  readonly program: string
  readonly port: number
  /** The system's state folder; the bus keeps its messages in `nats/` there. */
  readonly stateFolder: string
  readonly passwords: BusPasswords
}

interface RunningNats {
  /** nats://127.0.0.1:port */
  readonly url: string
  readonly child: GroupProcess
}

/**
 * Starts nats-server with JetStream on 127.0.0.1. Resolves when it takes clients and JetStream is on.
 * A second call with the same options is a restart.
 */
export async function startNats(
  supervisor: Supervisor,
  options: NatsOptions,
  signal?: AbortSignal,
): Promise<RunningNats> {
  const folder = join(options.stateFolder, 'nats')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const configFile = join(folder, 'server.conf')
  await writeFile(configFile, natsConfig({ ...options, storeFolder: folder }), { mode: 0o600 })
  const child = await supervisor.start(
    {
      name: 'nats',
      command: options.program,
      args: ['--config', configFile],
      environment: {},
      ready: readyToServe(options.port),
    },
    signal,
  )
  return { url: `nats://127.0.0.1:${options.port}`, child }
}

/** The server greets each connection with `INFO {…}`; that it says JetStream is on is all a client needs. */
function readyToServe(port: number): ReadySign {
  return {
    kind: 'probe',
    what: `nats 127.0.0.1:${port}`,
    probe: async signal => {
      const greeting = await firstLine(port, signal)
      return (
        greeting.startsWith('INFO ') && (JSON.parse(greeting.slice(5)) as { jetstream?: boolean }).jetstream === true
      )
    },
  }
}

async function firstLine(port: number, signal: AbortSignal): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, signal })
  try {
    let text = ''
    for await (const chunk of socket) {
      text += String(chunk)
      const end = text.indexOf('\r\n')
      if (end >= 0) return text.slice(0, end)
      if (text.length > greetingBytesMax) break
    }
    return ''
  } finally {
    socket.destroy()
  }
}
