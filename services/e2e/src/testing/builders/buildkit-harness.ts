import { buildOn, probeImage } from '@forkproof/builder-provisioner/drivers/testing/build-on'
import type { BuildKitHarness, DriverHarness } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { exhaustMemory, killBuildKit } from '@forkproof/builder-provisioner/drivers/testing/real-builder'
import { inject } from 'vitest'
import { EmulationHarness } from './emulation-harness.ts'

/** The part of a driver's harness that is the same for every driver whose builders run BuildKit on this machine. */
export function buildKitHarness(
  openDriver: DriverHarness['openDriver'],
  more: Pick<BuildKitHarness, 'cacheFolder' | 'unreachable'>,
): Omit<DriverHarness, 'inventory'> {
  const programs = inject('programs')
  return {
    openDriver,
    serves: async builder => {
      const greeting = { ...probeImage(programs.probe, ['hello']), args: ['--no-cache'] }
      const { code, output } = await buildOn(programs.buildctl, builder.endpoint, greeting)
      return code === 0 && output.includes('Hello from an image')
    },
    kill: id => killBuildKit(openDriver(), id),
    exhaustMemory: id => exhaustMemory(openDriver(), id),
    buildkit: {
      ...more,
      programs,
      emulate: async () => {
        const emulation = await EmulationHarness.prepare()
        await emulation.switchOn()
        return { [Symbol.asyncDispose]: () => emulation.switchOff() }
      },
    },
  }
}
