import { join } from 'node:path'
import type { Platform } from '@forkproof/contracts/build'
import type { Clock } from '@forkproof/infra/clock'
import type { CheckReady } from '../ports.ts'
import { makeCanaryContext } from './canary-context.ts'
import { checkHealth } from './check-health.ts'
import { runCanary } from './run-canary.ts'

interface Options {
  readonly buildctlPath: string
  /** The probe program; for an emulated platform one of that platform, so that the canary shows the emulation to work. */
  readonly probePath: (platform: Platform) => string
  /** A folder of this process's own, below which the canary's files are kept. */
  readonly folder: string
  /** Asked for each canary: the machine's addresses change while it runs. */
  readonly targets: () => readonly string[]
  readonly clock: Clock
}

/** Health first, then a canary build with a RUN. Its files are made once per platform and process. */
export function builderReadiness(options: Options): CheckReady {
  const { buildctlPath, probePath, folder, targets, clock } = options
  const contexts = new Map<Platform, Promise<string>>()
  const contextOf = (platform: Platform) => {
    const known = contexts.get(platform)
    if (known !== undefined) return known
    const made = makeCanaryContext(join(folder, platform.replace('/', '-')), probePath(platform))
    contexts.set(platform, made)
    // One failure, such as a full disk, is not remembered for ever.
    made.catch(() => contexts.delete(platform))
    return made
  }
  return async ({ socketPath, platform }, signal) => {
    const beganMs = performance.now()
    await checkHealth(socketPath, { clock, signal })
    const servesMs = performance.now()
    const context = await contextOf(platform)
    await runCanary({ buildctlPath, context, socketPath, platform, targets: targets() }, signal)
    return { startMs: Math.round(servesMs - beganMs), canaryMs: Math.round(performance.now() - servesMs) }
  }
}
