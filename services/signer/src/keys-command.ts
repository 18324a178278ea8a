import { ConfigError } from '@forkproof/infra/config'
import { Lifecycle } from '@forkproof/infra/lifecycle'
import { connectTemporal } from '@forkproof/infra/temporal'
import { readKeysConfig } from './config.ts'
import { changeKeysByWorkflow } from './keys/change-by-workflow.ts'
import { describeKeys, keysUsage, parseKeysCommand } from './keys/command-line.ts'

const lifecycle = new Lifecycle()

/** Exit codes: 0 done, 1 refused or failed, 2 not a command or bad configuration. */
async function run(): Promise<number> {
  const command = parseKeysCommand(process.argv.slice(2))
  if (!command) {
    process.stderr.write(keysUsage)
    return 2
  }
  const config = readKeysConfig(process.env)
  const options = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const result = await changeKeysByWorkflow(connectTemporal(options, lifecycle), command.operation)
  process.stdout.write(command.json ? `${JSON.stringify(result)}\n` : describeKeys(result))
  return result.outcome === 'done' ? 0 : 1
}

try {
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`keys: ${error instanceof Error ? error.message : 'failed'}\n`)
  process.exitCode = error instanceof ConfigError ? 2 : 1
} finally {
  await lifecycle.shutdown()
}
