import { readFile } from 'node:fs/promises'
import type { Platform } from '@forkproof/contracts/build'
import { ifAbsent } from './if-absent.ts'

const architectures: Readonly<Record<string, Platform>> = {
  x86_64: 'linux/amd64',
  amd64: 'linux/amd64',
  aarch64: 'linux/arm64',
  arm64: 'linux/arm64',
}
const interpreters: Readonly<Record<Platform, string>> = { 'linux/amd64': 'qemu-x86_64', 'linux/arm64': 'qemu-aarch64' }

/** The machine's own, and those for which binfmt_misc holds an interpreter open (flag F), which then works in every container. */
export async function hostPlatforms(
  architecture: string,
): Promise<readonly { platform: Platform; emulated: boolean }[]> {
  const own = architectures[architecture]
  if (own === undefined) return []
  const others = (Object.keys(interpreters) as Platform[]).filter(platform => platform !== own)
  const emulated = await Promise.all(
    others.map(async platform => {
      const entry = await readFile(`/proc/sys/fs/binfmt_misc/${interpreters[platform]}`, 'utf8').catch(ifAbsent(''))
      return /^enabled$/m.test(entry) && /^flags:.*F/m.test(entry) ? [{ platform, emulated: true }] : []
    }),
  )
  return [{ platform: own, emulated: false }, ...emulated.flat()]
}
