import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Config, readConfig } from '@forkproof/local/config'
import { Watchdog } from '@forkproof/local/processes/watchdog'
import { ensureRequirements, RequirementsMissingError } from '@forkproof/local/requirements/ensure-requirements'
import { withSystemFolders } from '@forkproof/local/requirements/machine'
import { findTestPrograms } from '@forkproof/local/running/programs'
import { Progress } from '@forkproof/local/tools/progress'
import { parseTestArguments, type TestArguments } from './command/test-arguments.ts'

/**
 * `npm test [-- suites and vitest's flags]`: looks for what the suites need of the machine, finds or builds the external
 * programs, with progress, then runs the suites. All that comes first because it takes minutes the first time, which
 * no test's time limit should have to cover.
 * Exit codes: 0 passed, 1 failed, 2 wrong use or a machine that lacks something, 130 interrupted.
 */
const args = parseTestArguments(process.argv.slice(2))
if (args.action === 'print') process.stdout.write(args.text)
else if (args.action === 'refuse') {
  process.stderr.write(args.message)
  process.exitCode = 2
} else {
  process.exitCode = (await prepare(args, readConfig(process.env))) ?? (await runVitest(args))
}

type Run = Extract<TestArguments, { action: 'run' }>

/** The exit code when the suites cannot run. */
async function prepare({ selection, install }: Run, config: Config): Promise<number | undefined> {
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const { signal } = interrupted
  const watchdog = await Watchdog.start()
  const progress = new Progress(line => process.stdout.write(`${line}\n`))
  try {
    const options = { suites: selection.suites, command: 'npm test', install }
    await ensureRequirements(options, { environment: config.toolEnvironment, progress, signal })
    if (selection.projects.includes('system')) await findTestPrograms({ config, progress, watchdog, signal })
    return undefined
  } catch (error) {
    if (signal.aborted) return 130
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof RequirementsMissingError ? 2 : 1
  } finally {
    await watchdog.close()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

function runVitest({ selection, vitestFlags }: Run): Promise<number> {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
  const summary = fileURLToPath(new URL('./closing-line-reporter.ts', import.meta.url))
  const reporters = ['--reporter=default', `--reporter=${summary}`]
  const projects = selection.projects.map(name => `--project=${name}`)
  const words = [vitest, 'run', ...reporters, ...projects, ...selection.filters, ...vitestFlags]
  const env = { ...process.env, PATH: withSystemFolders(process.env['PATH']) }
  const child = spawn(process.execPath, words, { stdio: 'inherit', env })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? 1))
  })
}
