import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processEnvironment, readConfig } from '@forkproof/local/config'
import { Supervisor } from '@forkproof/local/processes/supervisor'
import { Progress } from '@forkproof/local/tools/progress'
import { resolveTool } from '@forkproof/local/tools/resolve-tools'
import { natsServerTool, temporalTool, verifyTokenTool } from '@forkproof/local/tools/tool-catalogue'

/** A state folder, a supervisor and the real programs. `close` leaves nothing behind. */
export interface ServerHarness {
  readonly folder: string
  readonly supervisor: Supervisor
  readonly program: (name: 'temporal' | 'nats-server' | 'verify-token') => Promise<string>
  readonly close: () => Promise<void>
}

export async function openServerHarness(): Promise<ServerHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-servers-'))
  const supervisor = await Supervisor.open(folder)
  const environment = processEnvironment()
  const config = readConfig(environment)
  const choices = {
    temporal: [temporalTool, config.temporalPath],
    'nats-server': [natsServerTool, config.natsServerPath],
    'verify-token': [verifyTokenTool(), config.verifyTokenPath],
  } as const
  const progress = new Progress({ line: text => process.stderr.write(`${text}\n`) })
  return {
    folder,
    supervisor,
    program: async name => {
      const [tool, explicitPath] = choices[name]
      return (await resolveTool({ tool, explicitPath }, { environment, progress, watchdog: supervisor.watchdog })).path
    },
    close: async () => {
      await supervisor.stopAll()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
