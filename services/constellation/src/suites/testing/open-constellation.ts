import { Lifecycle } from '@forkproof/infra/lifecycle'
import { connectTemporal } from '@forkproof/infra/temporal'
import type { Client } from '@temporalio/client'
import { SimulatedGithub } from '../../github/simulated-github.ts'
import type { Constellation } from '../../running/constellation.ts'
import type { Environment, ServiceName } from '../../running/service-environment.ts'
import { afterFile } from './after-file.ts'
import { unstartedConstellation } from './unstarted-constellation.ts'

export interface TestConstellation {
  readonly constellation: Constellation
  readonly github: SimulatedGithub
  /** The gateway's base, which is the issuer too. */
  readonly issuer: string
  /** An operator's view of Temporal. */
  readonly temporal: Client
}

interface Options {
  readonly extra?: Partial<Record<ServiceName, Environment>>
  readonly actions?: Readonly<Record<string, string>>
  /** With builders. Most suites are about claims and do without. */
  readonly builders?: boolean
}

/** Other suites may let the machine emulate another platform meanwhile. */
export const nativeOnly = { FORKPROOF_PROVISIONER_PLATFORMS: 'linux/amd64' }

/** The whole system for one test file, every part a process of its own, on free ports; ended after the file. */
export async function openConstellation({ builders = false, ...options }: Options = {}): Promise<TestConstellation> {
  const constellation = await unstartedConstellation({
    ...options,
    extra: { ...options.extra, 'builder-provisioner': { ...nativeOnly, ...options.extra?.['builder-provisioner'] } },
    without: builders ? [] : ['builder-provisioner'],
  })
  const lifecycle = new Lifecycle()
  afterFile(() => lifecycle.shutdown())
  await constellation.start()
  const client = connectTemporal({ address: constellation.addresses.temporal, namespace: 'default' }, lifecycle)
  const { githubApi, issuer } = constellation.addresses
  return { constellation, issuer, temporal: client, github: new SimulatedGithub(githubApi) }
}
