import { readFile } from 'node:fs/promises'
import type { Egress, Platform } from '@forkproof/contracts/builder'
import type { Clock } from '@forkproof/infra/clock'
import type { BuilderEndpoint } from '../state/builder-endpoint.ts'
import { type CanaryRequest, canaryRequests } from './canary-request.ts'
import { connectServing } from './check-health.ts'
import { type Lookup, resolveTargets } from './resolve-targets.ts'
import { runCanary } from './run-canary.ts'

/**
 * Resolves when the builder serves and a canary build with a RUN has passed, which reaches nothing forbidden; times in
 * ms. docs/glossary.md: readiness check.
 * @throws when it does not in time, with the reason for the log
 */
export type CheckReady = (
  builder: { readonly endpoint: BuilderEndpoint; readonly platform: Platform; readonly egress: Egress },
  signal: AbortSignal,
) => Promise<{ readonly startMs: number; readonly canaryMs: number }>

interface BuilderReadinessOptions {
  /**
   * The probe program. For an emulated platform it is one of that platform, so that the canary shows that the emulation
   * works.
   */
  readonly probePath: (platform: Platform) => string
  /** Asked for each canary: the machine's addresses change while it runs. */
  readonly targets: () => readonly string[]
  /** Of names among the targets; the machine's own resolver when absent. */
  readonly find?: Lookup
  readonly clock: Clock
}

/**
 * Health first, then a canary build with a RUN, over one connection. The probe is read once for each platform and
 * process.
 */
export function builderReadiness({ probePath, targets, find, clock }: BuilderReadinessOptions): CheckReady {
  const requests = new Map<Platform, Promise<CanaryRequest>>()
  const requestFor = (platform: Platform) => {
    const known = requests.get(platform)
    if (known !== undefined) return known
    const made = readFile(probePath(platform)).then(probe => canaryRequests(platform, probe))
    requests.set(platform, made)
    // One failure, such as a probe that is being replaced, is not remembered for ever.
    made.catch(() => requests.delete(platform))
    return made
  }
  return async ({ endpoint, platform }, signal) => {
    const beganMs = performance.now()
    const [request, addresses] = [requestFor(platform), resolveTargets(targets(), signal, find)]
    // Both are waited for below, unless there is no builder to check.
    for (const work of [request, addresses]) work.catch(() => undefined)
    const buildkit = await connectServing(endpoint, { clock, signal })
    try {
      const servesMs = performance.now()
      await runCanary({ buildkit, request: await request, targets: await addresses }, signal)
      return { startMs: Math.round(servesMs - beganMs), canaryMs: Math.round(performance.now() - servesMs) }
    } finally {
      buildkit.close()
    }
  }
}
