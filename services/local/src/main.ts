import { parseArguments, startUsage } from './start/arguments.ts'
import { startLocalSystem } from './start/start.ts'

const args = parseArguments(process.argv.slice(2))
if (args) await startLocalSystem(args, process.env)
else {
  process.stderr.write(startUsage)
  process.exitCode = 2
}
