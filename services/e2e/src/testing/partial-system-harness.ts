import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BusUser } from '@forkproof/deployment/bus-permissions'
import { connectBus } from '@forkproof/infra/bus'
import { silentLogger } from '@forkproof/infra/log'
import type { LocalSystem, PartName } from '@forkproof/local/running/local-system'
import { afterFile } from './after-file.ts'
import { unstartedSystem } from './unstarted-system.ts'

const commandMsMax = 90_000

/** NATS with its streams and buckets, and those parts of the system that are named; ended after the file. */
export async function openPartialSystem(...names: PartName[]) {
  const system = await unstartedSystem()
  await system.startPart('nats')
  await system.provision()
  for (const name of names) await system.startPart(name)
  return system
}

/** A connection with the rights of one service; closed after the file. */
export async function openBus(system: LocalSystem, user: BusUser) {
  const password = system.busPasswords[user]
  const bus = await connectBus({ servers: system.addresses.nats, user, password, log: silentLogger })
  afterFile(() => bus.close())
  return bus
}

/** Runs one of the signer's commands as `npm run` does, with nothing but `environment`. */
export function signerCommand(
  name: 'keys' | 'issuance',
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ code: number; output: string; errors: string }> {
  const file = fileURLToPath(new URL(`../../../signer/src/${name}-command.ts`, import.meta.url))
  return new Promise(resolve => {
    const options = { env: environment, timeout: commandMsMax }
    execFile(process.execPath, [file, ...args], options, (error, output, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output, errors })
    })
  })
}
