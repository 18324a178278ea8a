import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleClaimant } from '@forkproof/claimant/bundle'
import { loadServiceKeys } from '@forkproof/deployment/service-keys'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import type { LocalConfig } from './config.ts'
import { claimAction } from './demo/fork-workflow.ts'
import { openStateFolder } from './processes/state-folder.ts'
import { Supervisor } from './processes/supervisor.ts'
import { ensureRequirements } from './requirements/ensure-requirements.ts'
import { readMachine } from './requirements/machine.ts'
import { LocalSystem } from './running/local-system.ts'
import { writeOperatorSettings } from './running/operator-settings.ts'
import { findPrograms, missingTools, programsOfStart } from './running/programs.ts'
import { Progress } from './tools/progress.ts'
import type { ProgressOutput } from './tools/progress-output.ts'

export interface LocalDeps {
  readonly lifecycle: Lifecycle
  readonly output: ProgressOutput
}

/**
 * Sees to what the machine lacks, finds the programs, bundles the Action, and starts everything.
 * What was started is stopped by the lifecycle, in reverse order.
 */
export async function compose(
  config: LocalConfig,
  { install }: { readonly install: boolean },
  { lifecycle, output }: LocalDeps,
): Promise<LocalSystem> {
  const state = await openStateFolder(config.stateFolder, 'FORKPROOF_STATE_FOLDER')
  lifecycle.add('state folder', () => state.release())
  const supervisor = await Supervisor.open(state.logs)
  lifecycle.add('processes', () => supervisor.stopAll())
  const progress = new Progress(output)
  const { signal } = lifecycle
  await ensureStartRequirements(config, install, { progress, signal })
  const programs = await findPrograms(config, { progress, watchdog: supervisor.watchdog, signal })
  await progress.step('bundling the Action', () => bundleClaimant())
  const ports = {
    gateway: config.gatewayPort,
    simulator: config.simulatorPort,
    temporal: config.temporalPort,
    temporalUi: config.temporalUiPort,
    nats: config.natsPort,
    builders: config.builderPort,
    depot: config.depotPort,
  }
  const keys = await loadServiceKeys(state.path)
  const system = new LocalSystem({
    ports,
    state,
    programs,
    keys,
    supervisor,
    progress,
    actions: { [claimAction]: claimantFolder },
    extra: { 'builder-provisioner': builderSettings(config) },
  })
  await system.start(signal)
  lifecycle.add('operator settings', await writeOperatorSettings(state.path, system))
  supervisor.onSurpriseExit(error => output.line(`! ${error.message}`))
  return system
}

async function ensureStartRequirements(
  config: LocalConfig,
  install: boolean,
  deps: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const environment = config.toolEnvironment
  const tools = await missingTools(await programsOfStart(config), config)
  // Without root there are no builders, and a kernel that cannot isolate them is told of by the demo: both may start.
  const suites = process.getuid?.() === 0 ? ['start'] : []
  const read = async () => ({ ...(await readMachine(environment)), missingFacts: new Set<never>() })
  await ensureRequirements({ suites, tools, install, command: 'npm start' }, { ...deps, environment, read })
}

/** What a user may say of the builders. */
const builderSettings = ({ platforms, binfmtFolder }: LocalConfig) => ({
  FORKPROOF_PROVISIONER_BINFMT_FOLDER: binfmtFolder,
  ...(platforms && { FORKPROOF_PROVISIONER_PLATFORMS: platforms.join(',') }),
})

/** Where the Action's action.yml and bundle are. */
export const claimantFolder = dirname(fileURLToPath(import.meta.resolve('@forkproof/claimant/package.json')))
