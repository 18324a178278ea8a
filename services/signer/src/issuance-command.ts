import { connectBus } from '@forkproof/infra/bus'
import { ConfigError } from '@forkproof/infra/config'
import { silentLogger } from '@forkproof/infra/log'
import { readIssuanceConfig } from './config.ts'
import { describeVerdict, issuanceUsage, parseIssuanceCommand } from './issuance/command-line.ts'
import { lastSequence, readLog } from './issuance/read-log.ts'
import { verifyChain } from './issuance/verify-chain.ts'

const connectMsMax = 10_000

/** A service waits for the bus without end; a person at a terminal does not. */
async function connectSoon(config: ReturnType<typeof readIssuanceConfig>) {
  const giveUp = setTimeout(() => {
    process.stderr.write('issuance: NATS could not be reached; see FORKPROOF_NATS_URL\n')
    process.exit(1)
  }, connectMsMax)
  const { natsUrl: servers, natsUser: user, natsPassword: password } = config
  const bus = await connectBus({ servers, user, password, log: silentLogger })
  clearTimeout(giveUp)
  return bus
}

/** Exit codes: 0 intact, 1 broken or failed, 2 not a command or bad configuration. */
async function run(): Promise<number> {
  const command = parseIssuanceCommand(process.argv.slice(2))
  if (!command) {
    process.stderr.write(issuanceUsage)
    return 2
  }
  const config = readIssuanceConfig(process.env)
  const bus = await connectSoon(config)
  try {
    const last = await lastSequence(bus)
    if (command.command === 'tail') {
      for await (const { text } of readLog(bus, Math.max(last - command.count + 1, 1), last)) {
        process.stdout.write(`${text ?? '(missing)'}\n`)
      }
      return 0
    }
    const verdict = await verifyChain(readLog(bus, 1, last), command.expected)
    process.stdout.write(command.json ? `${JSON.stringify(verdict)}\n` : describeVerdict(verdict))
    return verdict.verdict === 'intact' ? 0 : 1
  } finally {
    await bus.close()
  }
}

try {
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`issuance: ${error instanceof Error ? error.message : 'failed'}\n`)
  process.exitCode = error instanceof ConfigError ? 2 : 1
}
