import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject } from 'vitest'
import { afterFile } from '../after-file.ts'
import { buildState, isReady, isSettled, type PostedBuild, postBuild, writeCredentials } from '../build-requests.ts'
import { depotProgram } from '../depot/sealed-machine.ts'
import { buildctlFlags } from '../remote-build.ts'
import { StartedProgram } from '../started-program.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { type AdmittedFork, type ClientHarness, forkproofProgram } from './client-harness.ts'

export const clientNames = ['buildctl', 'buildx', 'depot'] as const
export type ClientName = (typeof clientNames)[number]

export interface BegunClient {
  readonly program: StartedProgram
  /** Present if the test itself started the build and so has its token. */
  readonly build?: PostedBuild
  /** Folder of `forkproof builder`. */
  readonly folder?: string
}

interface ClientOptions {
  readonly client: ClientName
  readonly of: AdmittedFork
  readonly context: string
  /** Further arguments of the client. */
  readonly words?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** How a client gets its builder, and what starts it. */
export const clientBeginnings = {
  /** buildctl and buildx on a builder that was leased for them; depot by its own API. */
  'by itself': (harness, use) =>
    use.client === 'depot' ? startDepot(harness, use, use.of.bearer) : startOnLease(harness, use),
  /** depot too gets a build that exists, like a later step of a job. */
  'on a build of ours': (harness, use) =>
    use.client === 'depot' ? startDepotOnBuild(harness, use) : startOnLease(harness, use),
  'in forkproof build': (harness, use) => startWrapped(harness, use),
  /** A job’s step with the variables that `forkproof builder` printed. */
  'after forkproof builder': (harness, use) => startInJob(harness, use),
} as const satisfies Record<string, (harness: ClientHarness, use: ClientOptions) => Promise<BegunClient>>
export type ClientBeginning = keyof typeof clientBeginnings

const commandMsMax = 20_000
const run = promisify(execFile)

export const clientProgram = (client: ClientName): string =>
  ({ buildctl: inject('programs').buildctl, buildx: inject('programs').buildx, depot: depotProgram })[client]

function buildWords({ client, context, words = [] }: ClientOptions): string[] {
  const build = ['build', '--progress', 'plain', ...words]
  if (client !== 'buildctl') return [...build, context]
  return [...build, '--frontend', 'dockerfile.v0', '--local', `context=${context}`, '--local', `dockerfile=${context}`]
}

/** Variables of a plain machine, without those of the tests. */
const clientEnvironment = async () => ({ PATH: '/usr/local/bin:/usr/bin:/bin', HOME: await temporaryFolder() })

/** Starts a program that is ended after the test file, with its children. */
function startProgram(command: readonly string[], env: Readonly<Record<string, string>>): StartedProgram {
  const [program = '', ...args] = command
  const started = new StartedProgram(program, args, { cwd: '/', env })
  afterFile(() => started.destroy())
  return started
}

async function startOnLease(harness: ClientHarness, use: ClientOptions): Promise<BegunClient> {
  const build = await postBuild(harness, use.of.bearer)
  const state = await buildState(harness, build, isSettled)
  expect(isReady(state), JSON.stringify(state)).toBe(true)
  const to = await writeCredentials(state, await temporaryFolder())
  const env = { ...(await clientEnvironment()), ...use.env }
  const program = clientProgram(use.client)
  if (use.client === 'buildctl')
    return { build, program: startProgram([program, ...buildctlFlags(to), ...buildWords(use)], env) }
  const buildx = { ...env, BUILDX_CONFIG: join(env.HOME, 'buildx') }
  const options = `cacert=${to.ca},cert=${to.certificate},key=${to.key},servername=${to.serverName}`
  const create = ['create', '--name', 'leased', '--driver', 'remote', '--driver-opt', options, to.endpoint]
  await run(program, create, { env: buildx, timeout: commandMsMax })
  return { build, program: startProgram([program, ...buildWords(use)], { ...buildx, BUILDX_BUILDER: 'leased' }) }
}

/** Starts depot in its sealed machine. */
async function startDepot({ machine }: ClientHarness, use: ClientOptions, token: string): Promise<BegunClient> {
  const own = { DEPOT_PROJECT_ID: use.of.project, DEPOT_TOKEN: token }
  const env = { ...(await clientEnvironment()), ...machine.env, ...own, ...use.env }
  return { program: startProgram(['sh', '-c', `exec ${machine.command(buildWords(use).join(' '))}`], env) }
}

async function startDepotOnBuild(harness: ClientHarness, use: ClientOptions): Promise<BegunClient> {
  const build = await postBuild(harness, use.of.bearer)
  const env = { ...use.env, DEPOT_BUILD_ID: build.buildId }
  return { build, ...(await startDepot(harness, { ...use, env }, build.buildToken)) }
}

const runEnvironment = async ({ of, env }: ClientOptions) => {
  const given = { RUNNER_TEMP: await temporaryFolder(), FORKPROOF_ACCESS_TOKEN: of.bearer }
  return { ...(await clientEnvironment()), ...given, ...env }
}

async function startWrapped(harness: ClientHarness, use: ClientOptions): Promise<BegunClient> {
  const own = ['--issuer', harness.issuer, '--project', use.of.project]
  const depot = ['--depot-url', harness.system.addresses.depot]
  const command = [forkproofProgram, 'build', ...own, ...depot, '--', clientProgram(use.client), ...buildWords(use)]
  return { program: startProgram([process.execPath, ...command], await runEnvironment(use)) }
}

async function startInJob(harness: ClientHarness, use: ClientOptions): Promise<BegunClient> {
  const env = await runEnvironment(use)
  const folder = join(env.RUNNER_TEMP, 'builder')
  const own = ['--issuer', harness.issuer, '--project', use.of.project, '--folder', folder]
  const print = ['--print', 'buildx', '--buildx', clientProgram('buildx')]
  const command = [forkproofProgram, 'builder', ...own, ...print]
  const { stdout } = await run(process.execPath, command, { env, timeout: commandMsMax })
  const lines = stdout.split('\n').filter(line => line !== '')
  const variables = lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const step = { ...(await clientEnvironment()), ...Object.fromEntries(variables) }
  return { folder, program: startProgram([clientProgram(use.client), ...buildWords(use)], step) }
}

/** Ends the build as a later step of the job does. */
export async function endHeldBuilder(folder: string): Promise<void> {
  const command = [forkproofProgram, 'builder', '--end', '--result', 'canceled', '--folder', folder]
  await run(process.execPath, command, { env: await clientEnvironment(), timeout: commandMsMax })
}
