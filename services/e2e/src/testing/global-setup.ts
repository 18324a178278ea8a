import { tmpdir } from 'node:os'
import { readConfig } from '@forkproof/local/config'
import { Watchdog } from '@forkproof/local/processes/watchdog'
import { findTestPrograms, type TestPrograms } from '@forkproof/local/running/programs'
import { Progress } from '@forkproof/local/tools/progress'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    programs: TestPrograms
  }
}

/** Finds or builds the external programs once for all suites. A missing one fails the run: it is never skipped. */
export async function setup(project: TestProject): Promise<void> {
  const watchdog = await Watchdog.start()
  try {
    const progress = new Progress(line => process.stderr.write(`${line}\n`))
    const finding = { config: readConfig({ TMPDIR: tmpdir(), ...process.env }), progress, watchdog }
    project.provide('programs', await findTestPrograms(finding))
  } finally {
    await watchdog.close()
  }
}
