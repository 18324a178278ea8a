import { open, rm } from 'node:fs/promises'
import { ProgramError, runSystemProgram } from '../../host/run-program.ts'

interface DiskImageOptions {
  readonly bytes: number
  /** Owner of the file system's root: the container's root in the machine's numbers. */
  readonly owner: { readonly uid: number; readonly gid: number }
  /** A kept state has one, so that it survives the machine's fall; a builder that is thrown away needs none. */
  readonly journal: boolean
  readonly signal: AbortSignal
}

/**
 * A builder's disk: a sparse file with ext4. It bounds all that BuildKit writes, on every file system of the machine.
 * It does not count as memory, as a tmpfs would, and removing one file wipes it: docs/facts/buildkit.md#disk-quota.
 */
export async function makeDiskImage(path: string, { bytes, owner, journal, signal }: DiskImageOptions): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.truncate(bytes)
  } finally {
    await file.close()
  }
  try {
    const features = journal ? [] : ['-O', '^has_journal']
    const extended = `root_owner=${owner.uid}:${owner.gid},lazy_itable_init=1,lazy_journal_init=1,nodiscard`
    await runSystemProgram('mkfs.ext4', ['-q', '-F', '-m', '0', ...features, '-E', extended, path], { signal })
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Checks the file system and mends what can be mended without loss. False when it is not fit for use. */
export async function isSoundImage(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await runSystemProgram('e2fsck', ['-p', path], { signal, msMax: 60_000 })
    return true
  } catch (error) {
    if (signal.aborted) throw error
    // 1: mended.
    return error instanceof ProgramError && error.code === 1
  }
}
