import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ifVanished } from '../../host/absence.ts'
import type { BuilderSpec } from '../driver.ts'

interface KeptDisk {
  readonly image: string
  readonly lock: string
  /** The users that own what is on it, so every later builder of it must have them too. */
  readonly firstUser: number
}

/**
 * `<cache>/<project>/process-<platform>-<first user>.img`: the name says whose it is, so that there is no second record
 * to lose.
 */
const nameOf = (platform: string, firstUser: number | string) => `process-${platform.replace('/', '-')}-${firstUser}`

/** The disk that a project keeps for a platform; undefined before its first builder. */
export async function findKeptDisk(cache: string, spec: BuilderSpec): Promise<KeptDisk | undefined> {
  if (spec.kind.class !== 'project') return undefined
  const folder = join(cache, spec.kind.projectId)
  const pattern = new RegExp(`^${nameOf(spec.platform, '([1-9][0-9]{0,9})')}\\.img$`)
  for (const file of await readdir(folder).catch(ifVanished([]))) {
    const firstUser = pattern.exec(file)?.[1]
    if (firstUser !== undefined) return diskNamed(folder, nameOf(spec.platform, firstUser), Number(firstUser))
  }
  return undefined
}

export function newKeptDisk(cache: string, spec: BuilderSpec, firstUser: number): KeptDisk | undefined {
  if (spec.kind.class !== 'project') return undefined
  return diskNamed(join(cache, spec.kind.projectId), nameOf(spec.platform, firstUser), firstUser)
}

/** First users of every disk that is kept: their ranges are never given to another builder. */
export async function keptUsers(cache: string): Promise<readonly number[]> {
  const files = await readdir(cache, { recursive: true }).catch(ifVanished([]))
  return files.flatMap(file => {
    const user = /(?:^|\/)process-[a-z0-9-]+-([1-9][0-9]{0,9})\.img$/.exec(file)?.[1]
    return user === undefined ? [] : [Number(user)]
  })
}

const diskNamed = (folder: string, name: string, firstUser: number): KeptDisk => ({
  image: join(folder, `${name}.img`),
  lock: join(folder, `${name}.lock`),
  firstUser,
})
