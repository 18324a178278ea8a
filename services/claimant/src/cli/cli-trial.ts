import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import {
  type FakeGateway,
  fakeAccessToken,
  fakeProject,
  type GatewayBehaviour,
  startFakeGateway,
} from '../building/fake-gateway.ts'
import { bundleClaimant } from '../bundle.ts'
import { placeStandIns } from '../clients/stand-in.ts'

export interface Started {
  readonly done: Promise<{ exit: number | null; out: string; err: string }>
  readonly kill: (signal: NodeJS.Signals) => void
}

/**
 * The bundled command as a process of its own, in steps of a fork's run that has the right to build, with stand-ins for the build programs
 * and one gateway per test, which the first start makes. Registers the hooks that clean up. For tests only.
 */
export function cliTrial() {
  let bundleFolder = ''
  let directory = ''
  let gateway: FakeGateway | undefined
  beforeAll(async () => {
    bundleFolder = await mkdtemp(path.join(tmpdir(), 'forkproof-build-bundle-'))
    await bundleClaimant({ outDir: bundleFolder })
  })
  afterAll(() => rm(bundleFolder, { recursive: true, force: true }))
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'forkproof-build-test-'))
  })
  afterEach(async () => {
    await gateway?.close()
    gateway = undefined
    await rm(directory, { recursive: true, force: true })
  })

  async function start(
    args: readonly string[],
    behaviour: GatewayBehaviour = {},
    changes: Record<string, string> = {},
  ): Promise<Started> {
    gateway ??= await startFakeGateway(behaviour)
    await placeStandIns(directory, ['docker', 'buildx', 'buildctl', 'depot', 'tool'])
    const env = { ...(await forkEnvironment(directory, gateway)), ...changes }
    return startProcess([path.join(bundleFolder, 'cli.js'), ...args], env, directory)
  }

  return {
    start,
    forkproof: async (...given: Parameters<typeof start>) => (await start(...given)).done,
    leftFolders: async () => (await readdir(directory)).filter(name => name.startsWith('forkproof-')),
    get gateway() {
      return gateway
    },
    get directory() {
      return directory
    },
  }
}

/** What the runner gives a step of a fork's run, and the Action of an earlier one. */
async function forkEnvironment(directory: string, gateway: FakeGateway): Promise<Record<string, string>> {
  const head = { repo: { id: 2, full_name: 'contributor/widgets' } }
  const base = { repo: { id: 1, full_name: 'acme/widgets', private: false } }
  const eventFile = path.join(directory, 'event.json')
  await writeFile(eventFile, JSON.stringify({ pull_request: { head, base } }))
  return {
    PATH: [directory, '/usr/bin', '/bin'].join(path.delimiter),
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: eventFile,
    GITHUB_REPOSITORY: 'acme/widgets',
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_ATTEMPT: '1',
    RUNNER_TEMP: directory,
    FORKPROOF_ISSUER: gateway.issuer,
    FORKPROOF_PROJECT: fakeProject,
    FORKPROOF_ACCESS_TOKEN: fakeAccessToken,
  }
}

function startProcess(args: readonly string[], env: Record<string, string>, cwd: string): Started {
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
  return { done: exited.then(exit => ({ exit, out, err })), kill: signal => void child.kill(signal) }
}
