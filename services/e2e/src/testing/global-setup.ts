import { tmpdir } from 'node:os'
import { readConfig } from '@forkproof/local/config'
import { Watchdog } from '@forkproof/local/processes/watchdog'
import { findTestPrograms, type TestPrograms } from '@forkproof/local/running/programs'
import { Progress } from '@forkproof/local/tools/progress'
import { progressOutput } from '@forkproof/local/tools/progress-output'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    programs: TestPrograms
  }
}

/**
 * Hands the external programs to all suites. `npm test` has found those that its suites need; for a run of vitest alone
 * every one is found or built here. A missing one fails the run: nothing is skipped.
 */
export async function setup(project: TestProject): Promise<void> {
  const { FORKPROOF_TEST_PROGRAMS: found } = process.env
  if (found !== undefined) {
    project.provide('programs', JSON.parse(found))
    return
  }
  const watchdog = await Watchdog.start()
  try {
    const progress = new Progress(progressOutput(process.stderr, { CI: 'true' }))
    const config = readConfig({ TMPDIR: tmpdir(), ...process.env })
    project.provide('programs', await findTestPrograms(['start'], config, { progress, watchdog }))
  } finally {
    await watchdog.close()
  }
}
