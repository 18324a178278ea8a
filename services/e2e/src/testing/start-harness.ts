import { join } from 'node:path'
import { rootFolder } from '@forkproof/layout/source-tree'
import { processEnvironment } from '@forkproof/local/config'
import { freePortSet } from '@forkproof/local/running/free-ports'
import { inject } from 'vitest'
import { afterFile } from './after-file.ts'
import { StartedProgram } from './started-program.ts'
import { nativeOnly } from './system-harness.ts'
import { temporaryFolder } from './temporary-folder.ts'

const mainFile = join(rootFolder, 'services/local/src/main.ts')

export interface StartHarness {
  readonly stateFolder: string
  readonly ports: readonly number[]
  readonly issuer: string
  readonly githubApi: string
  /** The settings of a user who chose this folder and these ports. */
  readonly settings: Readonly<Record<string, string>>
}

/** A new state folder, free ports, and the programs that the suites found. Nothing is started. */
export async function openStartHarness(): Promise<StartHarness> {
  const stateFolder = join(await temporaryFolder(), 'state')
  const ports = await freePortSet()
  const programs = inject('programs')
  const settings = {
    ...nativeOnly,
    FORKPROOF_STATE_FOLDER: stateFolder,
    FORKPROOF_TEMPORAL_PATH: programs.temporal,
    FORKPROOF_NATS_SERVER_PATH: programs.natsServer,
    FORKPROOF_BUILDKITD_PATH: programs.buildkitd,
    FORKPROOF_BUILDCTL_PATH: programs.buildctl,
    FORKPROOF_RUNC_PATH: programs.runc,
    FORKPROOF_PROBE_PATH: programs.probe,
    FORKPROOF_PROBE_EMULATED_PATH: programs.probeEmulated,
    FORKPROOF_GATEWAY_PORT: String(ports.gateway),
    FORKPROOF_SIMULATOR_PORT: String(ports.simulator),
    FORKPROOF_TEMPORAL_PORT: String(ports.temporal),
    FORKPROOF_TEMPORAL_UI_PORT: String(ports.temporalUi),
    FORKPROOF_NATS_PORT: String(ports.nats),
    FORKPROOF_PROVISIONER_PORT: String(ports.builders),
    FORKPROOF_GATEWAY_DEPOT_PORT: String(ports.depot),
  }
  const base = 'http://127.0.0.1'
  return {
    stateFolder,
    ports: Object.values(ports),
    settings,
    issuer: `${base}:${ports.gateway}`,
    githubApi: `${base}:${ports.simulator}`,
  }
}

/** What a shell gives a program, without the settings of the test run. */
const shellEnvironment = () =>
  Object.fromEntries(
    Object.entries(processEnvironment()).filter(([name]) => !/^(FORKPROOF_|VITEST|NODE_OPTIONS)/.test(name)),
  )

/** `node services/local/src/main.ts …` as a child. What it leaves running is ended after the file. */
export const startMain = (args: readonly string[], settings: Readonly<Record<string, string>>): StartedProgram =>
  started(process.execPath, [mainFile, ...args], settings)

/** The same by `npm start`, as the README says. */
export const npmStart = (args: readonly string[], settings: Readonly<Record<string, string>>): StartedProgram =>
  started('npm', ['start', '--', ...args], { ...settings, npm_config_update_notifier: 'false' })

/** Another script of package.json, without npm's own lines. */
export const npmRun = (script: string, args: readonly string[], settings: Readonly<Record<string, string>>) =>
  started('npm', ['run', '--silent', script, '--', ...args], { ...settings, npm_config_update_notifier: 'false' })

function started(command: string, args: readonly string[], settings: Readonly<Record<string, string>>): StartedProgram {
  const program = new StartedProgram(command, args, { cwd: rootFolder, env: { ...shellEnvironment(), ...settings } })
  afterFile(() => program.destroy())
  return program
}
