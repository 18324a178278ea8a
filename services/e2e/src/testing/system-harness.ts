import { Lifecycle } from '@forkproof/infra/lifecycle'
import { connectTemporal } from '@forkproof/infra/temporal'
import { SimulatedGithub } from '@forkproof/local/github/simulated-github'
import type { LocalSystem } from '@forkproof/local/running/local-system'
import type { ServiceEnvironment, ServiceName } from '@forkproof/local/running/service-environment'
import type { Client } from '@temporalio/client'
import { afterFile } from './after-file.ts'
import { unstartedSystem } from './unstarted-system.ts'

/** docs/glossary.md: harness. */
export interface SystemHarness {
  readonly system: LocalSystem
  readonly github: SimulatedGithub
  /** The gateway's base address, which is the issuer too. */
  readonly issuer: string
  /** An operator's view of Temporal. */
  readonly temporal: Client
}

interface SystemHarnessOptions {
  readonly extra?: Partial<Record<ServiceName, ServiceEnvironment>>
  readonly actions?: Readonly<Record<string, string>>
  /** With builders. Most suites are about claims and do without. */
  readonly builders?: boolean
}

/** Without it a node would offer platforms that another suite lets the machine emulate meanwhile. */
export const nativeOnly = { FORKPROOF_PROVISIONER_PLATFORMS: 'linux/amd64' }

/** The local system for one test file: every part a process of its own, on free ports; ended after the file. */
export async function openSystemHarness({
  builders = false,
  ...options
}: SystemHarnessOptions = {}): Promise<SystemHarness> {
  const system = await unstartedSystem({
    ...options,
    extra: { ...options.extra, 'builder-provisioner': { ...nativeOnly, ...options.extra?.['builder-provisioner'] } },
    without: builders ? [] : ['builder-provisioner'],
  })
  const lifecycle = new Lifecycle()
  afterFile(() => lifecycle.shutdown())
  await system.start()
  const client = connectTemporal({ address: system.addresses.temporal, namespace: 'default' }, lifecycle)
  const { githubApi, issuer } = system.addresses
  return { system, issuer, temporal: client, github: new SimulatedGithub(githubApi) }
}
