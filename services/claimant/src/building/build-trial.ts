import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Platform } from '@forkproof/contracts/builder'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import type { ClaimPorts } from '../claiming/ports.ts'
import { type FakeGateway, fakeAccessToken, type GatewayBehaviour, startFakeGateway } from './fake-gateway.ts'
import { type LeasedBuild, leaseBuilders } from './lease-builders.ts'

/** Everything that people and clocks are told. Time runs a thousandfold. For tests only. */
export class BuildTrial {
  readonly said: string[] = []
  readonly warned: string[] = []
  readonly sleptMs: number[] = []
  readonly ports: ClaimPorts = {
    clock: {
      now: () => Date.now(),
      sleep: (ms, signal) => {
        this.sleptMs.push(ms)
        return delay(ms / 1_000, undefined, { signal })
      },
    },
    journal: { say: line => void this.said.push(line), warn: line => void this.warned.push(line) },
    random: () => 0.5,
  }
}

export interface LeaseOptions {
  readonly platforms?: readonly Platform[]
  readonly waitMs?: number
  readonly maxMinutes?: number
  readonly cancel?: AbortSignal
  readonly trial?: BuildTrial
  /** Looks at the outcome before the files are gone. */
  readonly inspect?: (outcome: LeasedBuild | ClaimFailure, gateway: FakeGateway) => Promise<void>
}

/** One lease from a gateway that behaves as told. For tests only. */
export async function tryLease(behaviour: GatewayBehaviour, options: LeaseOptions = {}) {
  const trial = options.trial ?? new BuildTrial()
  const gateway = await startFakeGateway(behaviour)
  const folder = await mkdtemp(path.join(tmpdir(), 'forkproof-lease-'))
  const wish = {
    issuer: gateway.issuer,
    accessToken: fakeAccessToken,
    platforms: options.platforms ?? ['linux/amd64' as const],
    waitMs: options.waitMs ?? 10_000,
    folder,
    ...(options.maxMinutes === undefined ? {} : { maxMinutes: options.maxMinutes }),
  }
  try {
    const cancel = options.cancel ?? new AbortController().signal
    const outcome = await leaseBuilders(wish, trial.ports, cancel).catch(onlyClaimFailures)
    await options.inspect?.(outcome, gateway)
    const code = outcome instanceof ClaimFailure ? outcome.code : 'leased'
    return { outcome, code, trial, builds: gateway.builds, told: gateway.told(), requests: gateway.requests }
  } finally {
    await gateway.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function onlyClaimFailures(error: unknown): ClaimFailure {
  if (error instanceof ClaimFailure) return error
  throw error
}
