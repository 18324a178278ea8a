import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Platform } from '@forkproof/contracts/builder'
import { ClaimFailure } from '../../claiming/claim-failure.ts'
import { FakeDeps, onlyClaimFailures } from '../../claiming/testing/fake-deps.ts'
import { type LeasedBuild, leaseBuilders } from '../lease-builders.ts'
import { type FakeGateway, type FakeGatewayBehaviour, fakeAccessToken, startFakeGateway } from './fake-gateway.ts'

interface LeaseHarnessOptions {
  readonly platforms?: readonly Platform[]
  readonly waitMs?: number
  readonly maxMinutes?: number
  readonly cancel?: AbortSignal
  readonly deps?: FakeDeps
  /** Looks at the outcome before the files are gone. */
  readonly inspect?: (outcome: LeasedBuild | ClaimFailure, gateway: FakeGateway) => Promise<void>
}

/** One lease from a gateway that behaves as told. */
export async function tryLease(behaviour: FakeGatewayBehaviour, options: LeaseHarnessOptions = {}) {
  const { deps = new FakeDeps(), platforms = ['linux/amd64'], waitMs = 10_000, maxMinutes } = options
  const cancel = options.cancel ?? new AbortController().signal
  const gateway = await startFakeGateway(behaviour)
  const folder = await mkdtemp(path.join(tmpdir(), 'forkproof-lease-'))
  const lease = {
    issuer: gateway.issuer,
    accessToken: fakeAccessToken,
    platforms,
    waitMs,
    folder,
    ...(maxMinutes === undefined ? {} : { maxMinutes }),
  }
  try {
    const outcome = await leaseBuilders(lease, deps, cancel).catch(onlyClaimFailures)
    await options.inspect?.(outcome, gateway)
    const code = outcome instanceof ClaimFailure ? outcome.code : 'leased'
    return { outcome, code, deps, builds: gateway.builds, told: gateway.told(), requests: gateway.requests }
  } finally {
    await gateway.close()
    await rm(folder, { recursive: true, force: true })
  }
}
