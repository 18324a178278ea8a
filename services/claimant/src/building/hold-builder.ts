import { mkdir } from 'node:fs/promises'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { removeBuildFolder, writeHeldBuild } from './held-build.ts'
import { type LeasedBuild, type LeaseOptions, leaseBuilders } from './lease-builders.ts'

/**
 * Leases builders for later steps. Beside their credentials, `folder` gets the file by which another process
 * keeps the build alive or ends it (held-build.ts).
 * That file is written before the builders are ready, so that a later step can end the build of a cancelled one.
 * The folder is made here and must not exist. After a failure it is removed.
 * @throws ClaimFailure
 */
export async function holdBuilder(
  options: Omit<LeaseOptions, 'onStarted'>,
  deps: ClaimDeps,
  cancel: AbortSignal,
): Promise<LeasedBuild> {
  const { folder } = options
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch {
    throw new ClaimFailure('cannot', 'builder_exists', {
      title: `The folder for the builder cannot be made: ${folder}`,
      advice:
        'If an earlier step leased a builder, end it first with `forkproof builder --end`; otherwise name a place with --folder.',
    })
  }
  try {
    const onStarted: LeaseOptions['onStarted'] = (build, expiresAt) => writeHeldBuild(folder, build, expiresAt)
    return await leaseBuilders({ ...options, onStarted }, deps, cancel)
  } catch (error) {
    await removeBuildFolder(folder)
    throw error
  }
}
