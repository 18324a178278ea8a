import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readConfig } from '@forkproof/local/config'
import { Watchdog } from '@forkproof/local/processes/watchdog'
import { findTestPrograms } from '@forkproof/local/running/programs'
import { Progress } from '@forkproof/local/tools/progress'

/**
 * `npm test [-- vitest's arguments]`: finds or builds the external programs, with progress, then runs every suite. They are resolved here
 * first because a first build takes minutes, which no test's time limit should have to cover.
 */
const watchdog = await Watchdog.start()
const progress = new Progress(line => process.stdout.write(`${line}\n`))
const finding = { config: readConfig(process.env), progress, watchdog }
try {
  await findTestPrograms(finding)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await watchdog.close()
}
if (process.exitCode === undefined) {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
  const summary = fileURLToPath(new URL('./closing-line-reporter.ts', import.meta.url))
  const args = [vitest, 'run', '--reporter=default', `--reporter=${summary}`, ...process.argv.slice(2)]
  spawn(process.execPath, args, { stdio: 'inherit' }).on('exit', code => {
    process.exitCode = code ?? 1
  })
}
