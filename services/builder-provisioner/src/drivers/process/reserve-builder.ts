import { takeKeptState } from '../disks/kept-state.ts'
import type { BuilderSpec } from '../driver.ts'
import { BuilderFiles, type BuilderFilesRecord } from './builder-files.ts'
import { findKeptDisk, keptUsers, newKeptDisk } from './kept-disk.ts'
import type { ProcessHost } from './process-host.ts'
import { processOwners } from './process-table.ts'
import { freeRange, type UserRanges } from './user-ranges.ts'

/**
 * Gives the builder its users, its project's disk and its folder; only their record is made yet. Two must not run at
 * once.
 * @throws when it exists, when another builder has the project's disk, or when no users are left
 */
export async function reserveBuilder(
  spec: BuilderSpec,
  { host, users, files }: { host: ProcessHost; users: UserRanges; files: BuilderFiles },
): Promise<BuilderFilesRecord> {
  const { builderId } = spec
  const known = await BuilderFiles.list(host.builders)
  if (known.includes(builderId)) throw new Error(`builder ${builderId} exists`)
  const found = await findKeptDisk(host.cache, spec)
  const firstUser = found?.firstUser ?? freeRange(users, await takenUsers(host, known), builderId)
  if (firstUser === undefined)
    throw new Error(`no users are left for another builder: all ${users.count} ranges are taken`)
  const kept = found ?? newKeptDisk(host.cache, spec, firstUser)
  if (!kept) {
    const record = { firstUser }
    await files.create(record)
    return record
  }
  const record = { firstUser, kept: { image: kept.image, lock: kept.lock } }
  await takeKeptState(kept, builderId, async holder => known.some(one => one === holder))
  await files.create(record)
  return record
}

/**
 * Users taken by builders, by what is kept for projects, and by any process of the machine, such as a builder of
 * another provisioner.
 */
async function takenUsers(
  { builders, cache }: ProcessHost,
  known: readonly BuilderSpec['builderId'][],
): Promise<readonly number[]> {
  const [records, kept, processes] = await Promise.all([
    Promise.all(known.map(id => new BuilderFiles(builders, id).read())),
    keptUsers(cache),
    processOwners(),
  ])
  return [...records.flatMap(record => record?.firstUser ?? []), ...kept, ...processes.map(({ user }) => user)]
}
