import { open, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { BuildId, BuildToken, Issuer } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { writePrivateFile } from '../environment/private-file.ts'
import type { BuildHandle } from './build-client.ts'
import { buildingLimits } from './limits.ts'

const fileName = 'build.json'

/**
 * The file by which another process keeps a build alive or ends it.
 * It holds the build token, so it lives in a private folder.
 */
const HeldBuild = z.strictObject({
  issuer: Issuer,
  buildId: BuildId,
  buildToken: BuildToken,
  expiresAt: z.iso.datetime({ offset: true }),
})
export type HeldBuild = z.infer<typeof HeldBuild>

export const writeHeldBuild = (folder: string, { issuer, buildId, buildToken }: BuildHandle, expiresAt: string) =>
  writePrivateFile(path.join(folder, fileName), JSON.stringify({ issuer, buildId, buildToken, expiresAt }))

/** Undefined if there is no such file or we did not write it. */
export async function readHeldBuild(folder: string): Promise<HeldBuild | undefined> {
  const handle = await open(path.join(folder, fileName), 'r').catch(() => undefined)
  if (!handle) return undefined
  try {
    if ((await handle.stat()).size > buildingLimits.recordBytesMax) return undefined
    return HeldBuild.parse(JSON.parse(await handle.readFile('utf8')))
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

export const hasHeldBuild = (folder: string): Promise<boolean> =>
  stat(path.join(folder, fileName)).then(
    () => true,
    () => false,
  )

/** Removes the file and every credential beside it. */
export const removeBuildFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
