import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type LocalConfig, readConfig } from '@forkproof/local/config'
import { Watchdog } from '@forkproof/local/processes/watchdog'
import { ensureRequirements, RequirementsMissingError } from '@forkproof/local/requirements/ensure-requirements'
import { withSystemFolders } from '@forkproof/local/requirements/machine'
import { findTestPrograms, missingTools, programsOfSuites, type TestPrograms } from '@forkproof/local/running/programs'
import { Progress } from '@forkproof/local/tools/progress'
import { clearAtExit, progressOutput } from '@forkproof/local/tools/progress-output'
import { parseTestArguments, type TestArguments } from './command/test-arguments.ts'
import { projectsOf, testSuites } from './command/test-suites.ts'

/**
 * `npm test [-- suites and vitest's flags]`: looks for what the suites need of the machine, finds or builds the
 * external programs, with progress, then runs the suites. All that comes first because it takes minutes the first
 * time, which no test's time limit should have to cover.
 * Exit codes: 0 passed, 1 failed, 2 wrong use or a machine that lacks something, 130 interrupted.
 */
const args = parseTestArguments(process.argv.slice(2))
if (args.action === 'print') process.stdout.write(args.text)
else if (args.action === 'refuse') {
  process.stderr.write(args.message)
  process.exitCode = 2
} else {
  process.exitCode = await run(args, readConfig(process.env))
}

type TestRun = Extract<TestArguments, { action: 'run' }>

/** Resolves with the exit code. */
async function run(of: TestRun, config: LocalConfig): Promise<number> {
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const programs = await prepare(of, config, interrupted.signal)
    // From here on vitest ends by itself when it is interrupted.
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    return await runVitest(of, programs)
  } catch (error) {
    if (interrupted.signal.aborted) return 130
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof RequirementsMissingError ? 2 : 1
  }
}

/** Sees to what the suites need. Resolves with the programs where they start any. */
async function prepare({ selection, install }: TestRun, config: LocalConfig, signal: AbortSignal) {
  const { suites, projects } = selection
  const output = progressOutput(process.stdout, process.env)
  clearAtExit(output)
  const progress = new Progress(output)
  const startServers = projects.includes('system')
  const systemSuites = suites.filter(name =>
    testSuites[name]?.folders.some(folder => projectsOf(folder).includes('system')),
  )
  const tools = startServers ? await missingTools(programsOfSuites(systemSuites), config) : []
  const deps = { environment: config.toolEnvironment, progress, signal }
  await ensureRequirements({ suites, tools, command: 'npm test', install }, deps)
  if (!startServers) return undefined
  const watchdog = await Watchdog.start()
  try {
    return await findTestPrograms(systemSuites, config, { progress, watchdog, signal })
  } finally {
    await watchdog.close()
  }
}

function runVitest({ selection, vitestFlags }: TestRun, programs: TestPrograms | undefined): Promise<number> {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
  const summary = fileURLToPath(new URL('./closing-line-reporter.ts', import.meta.url))
  const reporters = ['--reporter=default', `--reporter=${summary}`]
  const projects = selection.projects.map(name => `--project=${name}`)
  const words = [vitest, 'run', ...reporters, ...projects, ...selection.filters, ...vitestFlags]
  const env = {
    ...process.env,
    PATH: withSystemFolders(process.env['PATH']),
    // Read by testing/global-setup.ts, which would find or build every program otherwise.
    ...(programs && { FORKPROOF_TEST_PROGRAMS: JSON.stringify(programs) }),
  }
  const child = spawn(process.execPath, words, { stdio: 'inherit', env })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? 1))
  })
}
