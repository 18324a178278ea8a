import { busResources } from '@forkproof/contracts/bus'
import { provisionBus } from '@forkproof/infra/bus-provision'
import { ConfigError } from '@forkproof/infra/config'
import { readProvisionConfig } from './config.ts'

/**
 * `npm run provision`: creates the streams and buckets that are missing, with the administrator's credential. Safe to
 * repeat.
 */
try {
  const { natsUrl, natsUser, natsPassword, nodes } = readProvisionConfig(process.env)
  await provisionBus({ servers: natsUrl, user: natsUser, password: natsPassword, resources: busResources(nodes) })
  process.stdout.write('streams, consumers and buckets are in place\n')
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof ConfigError ? 2 : 1
}
