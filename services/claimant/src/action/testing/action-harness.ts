import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeEach } from 'vitest'
import { bundleHarness } from '../../testing/bundle-harness.ts'

const runnerFiles = ['env', 'output', 'state'] as const
type RunnerFile = (typeof runnerFiles)[number]

/**
 * The bundled Action as the runner starts its steps in a fork's run, without an artifact service.
 * Registers the hooks that make and remove its files.
 */
export function actionHarness() {
  const bundle = bundleHarness()
  const fileOf = (name: RunnerFile) => path.join(bundle.directory, name)
  beforeEach(async () => {
    for (const name of runnerFiles) await writeFile(fileOf(name), '')
  })
  return {
    bundle,
    startMain: async (inputs: Record<string, string>) =>
      bundle.start('main.js', [], {
        ...(await bundle.forkEnvironment()),
        GITHUB_ENV: fileOf('env'),
        GITHUB_OUTPUT: fileOf('output'),
        GITHUB_STATE: fileOf('state'),
        // Only actions have these. Nothing answers at the address.
        ACTIONS_RUNTIME_TOKEN: 'runtime-token',
        ACTIONS_RESULTS_URL: 'http://127.0.0.1:9/',
        'INPUT_TIMEOUT-SECONDS': '20',
        ...inputs,
      }),
    /** The text of one of the files that steps write for the runner. */
    runnerFile: (name: RunnerFile) => readFile(fileOf(name), 'utf8'),
  }
}
