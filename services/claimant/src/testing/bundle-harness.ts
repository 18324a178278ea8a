import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { bundleClaimant } from '../bundle.ts'

export interface StartedBundle {
  readonly done: Promise<{ exit: number | null; out: string; err: string }>
  /** Standard output so far. */
  readonly printed: () => string
  readonly kill: (signal: NodeJS.Signals) => void
}

/**
 * The shipped files as processes: one bundle per test file and one working folder per test.
 * Registers the hooks that make and remove them.
 */
export function bundleHarness() {
  let bundleFolder = ''
  let directory = ''
  beforeAll(async () => {
    bundleFolder = await mkdtemp(path.join(tmpdir(), 'forkproof-bundle-'))
    await bundleClaimant({ outDir: bundleFolder })
  })
  afterAll(() => rm(bundleFolder, { recursive: true, force: true }))
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'forkproof-bundle-test-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  return {
    start: (file: string, args: readonly string[], env: Record<string, string>) =>
      startProcess([path.join(bundleFolder, file), ...args], env, directory),
    forkEnvironment: () => forkEnvironment(directory),
    get bundleFolder() {
      return bundleFolder
    },
    get directory() {
      return directory
    },
  }
}

/** The variables that the runner gives every step of a fork's run. */
async function forkEnvironment(directory: string): Promise<Record<string, string>> {
  const head = { repo: { id: 2, full_name: 'contributor/widgets' } }
  const base = { repo: { id: 1, full_name: 'acme/widgets', private: false } }
  const eventFile = path.join(directory, 'event.json')
  await writeFile(eventFile, JSON.stringify({ pull_request: { head, base } }))
  return {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: eventFile,
    GITHUB_REPOSITORY: 'acme/widgets',
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_ATTEMPT: '1',
    // The runner empties this folder after the job, and with it what an interrupted upload left.
    RUNNER_TEMP: directory,
  }
}

function startProcess(args: readonly string[], env: Record<string, string>, cwd: string): StartedBundle {
  const child = spawn(process.execPath, [...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const exited = new Promise<number | null>(resolve => child.on('close', resolve))
  return {
    done: exited.then(exit => ({ exit, out, err })),
    printed: () => out,
    kill: signal => void child.kill(signal),
  }
}
