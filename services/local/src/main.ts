import { parseArguments, usage } from './start/arguments.ts'
import { start } from './start/start.ts'

const args = parseArguments(process.argv.slice(2))
if (args) await start(args, process.env)
else {
  process.stderr.write(usage)
  process.exitCode = 2
}
