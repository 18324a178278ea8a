import { ConfigError } from '@forkproof/infra/config'
import { parseTrustCommand, trustUsage } from './admission/denials/command-line.ts'
import { readTrustConfig } from './config.ts'

const answerMsMax = 20_000

/** Exit codes: 0 done, 1 refused or failed, 2 not a command or bad configuration. */
async function run(): Promise<number> {
  const command = parseTrustCommand(process.argv.slice(2))
  if (!command) {
    process.stderr.write(trustUsage)
    return 2
  }
  const config = readTrustConfig(process.env)
  const response = await fetch(`${config.gatewayUrl}${command.path}`, {
    method: command.method,
    signal: AbortSignal.timeout(answerMsMax),
    redirect: 'error',
    headers: { authorization: `Bearer ${config.token.reveal()}`, 'content-type': 'application/json' },
    ...(command.body && { body: JSON.stringify(command.body) }),
  })
  const text = await response.text()
  const output = response.ok ? process.stdout : process.stderr
  output.write(text === '' ? 'done\n' : `${text}\n`)
  return response.ok ? 0 : 1
}

try {
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`trust: ${error instanceof Error ? error.message : 'failed'}\n`)
  process.exitCode = error instanceof ConfigError ? 2 : 1
}
