import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeServiceKeys } from '@forkproof/deployment/service-keys'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import type { LocalConfig } from '@forkproof/local/config'
import { SimulatedGithub } from '@forkproof/local/github/simulated-github'
import { openStateFolder } from '@forkproof/local/processes/state-folder'
import { Supervisor } from '@forkproof/local/processes/supervisor'
import { freePortSet } from '@forkproof/local/running/free-ports'
import { LocalSystem } from '@forkproof/local/running/local-system'
import { findPrograms, type Programs } from '@forkproof/local/running/programs'
import type { ServiceEnvironment, ServiceName } from '@forkproof/local/running/service-environment'
import { Progress } from '@forkproof/local/tools/progress'

export interface BenchSystem {
  readonly issuer: string
  readonly system: LocalSystem
  readonly supervisor: Supervisor
  readonly github: SimulatedGithub
  readonly programs: Programs
  /** Removed at the end with its content. */
  readonly folder: string
}

/** All claims come from one address, so the limits per address and repository are raised. All else is as delivered. */
const gatewayLimits = {
  FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE: '1000000',
  FORKPROOF_GATEWAY_CLAIMS_PER_REPOSITORY_MINUTE: '1000000',
  FORKPROOF_GATEWAY_CLAIMS_PER_RUN_MINUTE: '1000000',
  FORKPROOF_GATEWAY_ASKS_PER_ADDRESS_MINUTE: '1000000',
  FORKPROOF_GATEWAY_HELD_PER_ADDRESS_MAX: '10000',
}

/** Starts a fresh system with durable settings, on free ports. */
export async function openBenchSystem(
  config: LocalConfig,
  lifecycle: Lifecycle,
  extra: Partial<Record<ServiceName, ServiceEnvironment>> = {},
  without: readonly ServiceName[] = ['builder-provisioner'],
): Promise<BenchSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-bench-'))
  lifecycle.add('folder', () => rm(folder, { recursive: true, force: true }))
  const state = await openStateFolder(folder, 'FORKPROOF_STATE_FOLDER')
  const supervisor = await Supervisor.open(state.logs)
  lifecycle.add('processes', () => supervisor.stopAll())
  const progress = new Progress({ line: text => process.stderr.write(`${text}\n`) })
  const programs = await findPrograms(config, { progress, watchdog: supervisor.watchdog, signal: lifecycle.signal })
  const system = new LocalSystem({
    ports: await freePortSet(),
    state,
    supervisor,
    programs,
    keys: makeServiceKeys(),
    progress,
    headless: true,
    without,
    extra: { ...extra, gateway: { ...gatewayLimits, ...extra.gateway } },
  })
  await system.start(lifecycle.signal)
  const { issuer, githubApi } = system.addresses
  return { issuer, system, supervisor, programs, folder, github: new SimulatedGithub(githubApi) }
}
