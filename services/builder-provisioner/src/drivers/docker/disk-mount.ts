import { runSystemProgram } from '../../host/run-program.ts'
import { mountNamespaces } from './host-traces.ts'

/** The loop device goes by itself with the last mount of it, whatever ends that. */
export async function mountDiskImage(path: string, mountPoint: string, signal: AbortSignal): Promise<void> {
  await runSystemProgram('mount', ['-t', 'ext4', '-o', 'loop,nosuid,nodev,noatime,discard', path, mountPoint], {
    signal,
  })
}

/**
 * Takes the disk out of the machine's own mount namespace and out of every copy that was made of it meanwhile, which
 * would keep the disk after its builder.
 * The container has the disk mounted at another place and keeps it. No error when it is not mounted.
 */
export async function unmountDisk(mountPoint: string, signal: AbortSignal): Promise<void> {
  // Our own first: from then on it cannot be copied.
  await runSystemProgram('umount', ['--lazy', '--quiet', mountPoint], { signal }).catch(ignoreFailure(signal))
  for (const { pid, mounts } of await mountNamespaces()) {
    if (!mounts.some(mount => mount.point === mountPoint)) continue
    const inThere = ['--namespace', `/proc/${pid}/ns/mnt`, '--lazy', '--quiet', mountPoint]
    await runSystemProgram('umount', inThere, { signal }).catch(ignoreFailure(signal))
  }
}

/** What is still mounted shows in the inventory. */
const ignoreFailure = (signal: AbortSignal) => (error: unknown) => {
  if (signal.aborted) throw error
}
