import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuilderId } from '@forkproof/contracts/ids'
import { ifAbsent } from '../../host/absence.ts'
import type { BuilderSpec } from '../driver.ts'
import { isSoundImage, makeDiskImage } from './disk-image.ts'

interface DiskOwner {
  readonly uid: number
  readonly gid: number
}

/** The disk of a project and platform that outlives its builders. One running builder at a time holds it. */
interface KeptState {
  readonly image: string
  readonly lock: string
}

/**
 * `folder` is `<state folder>/cache`. The name holds the owner, too: another user namespace would meet files that it
 * does not own.
 */
export function keptStateOf(folder: string, spec: BuilderSpec, owner: DiskOwner): KeptState | undefined {
  if (spec.kind.class !== 'project') return undefined
  const name = `docker-${spec.platform.replace('/', '-')}-${owner.uid}`
  return {
    image: join(folder, spec.kind.projectId, `${name}.img`),
    lock: join(folder, spec.kind.projectId, `${name}.lock`),
  }
}

/**
 * `exists` says whether a builder has its folder: a holder without one is over.
 * @throws when another builder holds the state
 */
export async function takeKeptState(
  kept: KeptState,
  builderId: BuilderId,
  exists: (holder: string) => Promise<boolean>,
): Promise<void> {
  await mkdir(join(kept.image, '..'), { recursive: true, mode: 0o700 })
  const holder = await keptStateHolder(kept.lock)
  if (holder !== undefined && !(await exists(holder))) await rm(kept.lock, { force: true })
  await writeFile(kept.lock, builderId, { flag: 'wx', mode: 0o600 })
}

/** Only the holder's word counts: a late destroy of one builder does not free the state under another. */
export async function leaveKeptState(lock: string, builderId: BuilderId): Promise<void> {
  if ((await keptStateHolder(lock)) === builderId) await rm(lock, { force: true })
}

/** The id of the builder that has the state now; undefined while it is free. */
export const keptStateHolder = (lock: string): Promise<string | undefined> =>
  readFile(lock, 'utf8').catch(ifAbsent(undefined))

/**
 * Makes the image where the project has none, or where a crash of the machine has damaged it. It is a cache, so nothing
 * else is lost.
 */
export async function ensureKeptImage(
  kept: KeptState,
  options: { readonly bytes: number; readonly owner: DiskOwner; readonly signal: AbortSignal },
): Promise<void> {
  const present = await stat(kept.image).then(() => true, ifAbsent(false))
  if (present && (await isSoundImage(kept.image, options.signal))) return
  // Made aside, so that a half-made one is never used.
  const draft = `${kept.image}.new`
  await rm(draft, { force: true })
  await makeDiskImage(draft, { ...options, journal: true })
  await rename(draft, kept.image)
}
