import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { connectBus } from '@forkproof/infra/bus'
import { silentLogger } from '@forkproof/infra/log'
import type { Constellation, PartName } from '../../running/constellation.ts'
import type { BusUser } from '../../servers/nats-permissions.ts'
import { afterFile } from './after-file.ts'
import { unstartedConstellation } from './unstarted-constellation.ts'

const commandMsMax = 90_000

/** NATS with its streams and buckets, and those parts of the system that are named; ended after the file. */
export async function openParts(...names: PartName[]) {
  const constellation = await unstartedConstellation()
  await constellation.startPart('nats')
  await constellation.provision()
  for (const name of names) await constellation.startPart(name)
  return constellation
}

/** A connection with the rights of one service; closed after the file. */
export async function openBus(constellation: Constellation, user: BusUser) {
  const password = constellation.busPasswords[user]
  const bus = await connectBus({ servers: constellation.addresses.nats, user, password, log: silentLogger })
  afterFile(() => bus.close())
  return bus
}

/** Runs one of the signer's commands as `npm run` does, with nothing but `environment`. */
export function signerCommand(
  name: 'keys' | 'issuance',
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ code: number; output: string; errors: string }> {
  const file = fileURLToPath(new URL(`../../../../signer/src/${name}-command.ts`, import.meta.url))
  return new Promise(resolve => {
    const options = { env: environment, timeout: commandMsMax }
    execFile(process.execPath, [file, ...args], options, (error, output, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output, errors })
    })
  })
}
