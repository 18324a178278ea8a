import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import type { Config } from '../config.ts'
import { SimulatedGithub } from '../github/simulated-github.ts'
import { openStateFolder } from '../processes/state-folder.ts'
import { Supervisor } from '../processes/supervisor.ts'
import { Constellation } from '../running/constellation.ts'
import { freePortSet } from '../running/free-ports.ts'
import { findPrograms, type Programs } from '../running/programs.ts'
import type { Environment, ServiceName } from '../running/service-environment.ts'
import { makeServiceKeys } from '../running/service-keys.ts'
import { Progress } from '../tools/progress.ts'

export interface BenchWorld {
  readonly issuer: string
  readonly constellation: Constellation
  readonly supervisor: Supervisor
  readonly github: SimulatedGithub
  readonly programs: Programs
  /** Removed at the end, with everything below it. */
  readonly folder: string
}

/** One address claims for everybody here, so the limits per address and repository are out of the way; all else is as delivered. */
const gatewayLimits = {
  FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE: '1000000',
  FORKPROOF_GATEWAY_CLAIMS_PER_REPOSITORY_MINUTE: '1000000',
  FORKPROOF_GATEWAY_CLAIMS_PER_RUN_MINUTE: '1000000',
  FORKPROOF_GATEWAY_ASKS_PER_ADDRESS_MINUTE: '1000000',
  FORKPROOF_GATEWAY_HELD_PER_ADDRESS_MAX: '10000',
}

/** A fresh constellation with durable settings, on free ports. */
export async function openWorld(
  config: Config,
  lifecycle: Lifecycle,
  extra: Partial<Record<ServiceName, Environment>> = {},
  without: readonly ServiceName[] = ['builder-provisioner'],
): Promise<BenchWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-bench-'))
  lifecycle.add('folder', () => rm(folder, { recursive: true, force: true }))
  const state = await openStateFolder(folder, 'FORKPROOF_STATE_FOLDER')
  const supervisor = await Supervisor.open(state.logs)
  lifecycle.add('processes', () => supervisor.stopAll())
  const progress = new Progress(line => process.stderr.write(`${line}\n`))
  const programs = await findPrograms({ config, progress, watchdog: supervisor.watchdog, signal: lifecycle.signal })
  const constellation = new Constellation({
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
  await constellation.start(lifecycle.signal)
  const { issuer, githubApi } = constellation.addresses
  return { issuer, constellation, supervisor, programs, folder, github: new SimulatedGithub(githubApi) }
}
