import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from '@forkproof/contracts/builder'
import { ifAbsent } from '../host/absence.ts'

/** Where the kernel's table of interpreters for foreign programs is mounted, where it is. */
export const binfmtFolder = '/proc/sys/fs/binfmt_misc'
const entriesMax = 256

const architectures: Readonly<Record<string, Platform>> = {
  x86_64: 'linux/amd64',
  amd64: 'linux/amd64',
  x64: 'linux/amd64',
  aarch64: 'linux/arm64',
  arm64: 'linux/arm64',
}
/** `e_machine` of programs (ELF, gABI). */
const machines: Readonly<Record<Platform, number>> = { 'linux/amd64': 62, 'linux/arm64': 183 }

/** The platform of a machine whose architecture the kernel, Docker or Node call so; `undefined`: none of ours. */
export const ownPlatform = (architecture: string): Platform | undefined => architectures[architecture]

/**
 * The machine's own platform, and those with an interpreter that is registered with binfmt_misc and held open (flag F).
 * Such an interpreter works in every root, and in every user namespace without a table of its own (Linux 6.7). The
 * entry's name does not matter, only what it interprets.
 */
export async function hostPlatforms(
  architecture: string,
  folder: string = binfmtFolder,
): Promise<readonly { platform: Platform; emulated: boolean }[]> {
  const own = ownPlatform(architecture)
  if (own === undefined) return []
  const entries = await interpreters(folder)
  const emulated = (Object.keys(machines) as Platform[])
    .filter(platform => platform !== own && entries.some(entry => interprets(entry, machines[platform])))
    .map(platform => ({ platform, emulated: true }))
  return [{ platform: own, emulated: false }, ...emulated]
}

/** The text of every entry; none where the table is not mounted or switched off. */
async function interpreters(folder: string): Promise<readonly string[]> {
  const status = await readFile(join(folder, 'status'), 'utf8').catch(ifAbsent(''))
  if (status.trim() !== 'enabled') return []
  const names = (await readdir(folder)).filter(name => name !== 'status' && name !== 'register')
  // One may be taken out while the others are read.
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(ifAbsent(''))
  return Promise.all(names.slice(0, entriesMax).map(read))
}

/** As the kernel compares: every bit of the mask must be the same in the file and in the entry. */
function interprets(entry: string, machine: number): boolean {
  const magic = entryBytesOf(entry, 'magic')
  if (!/^enabled$/m.test(entry) || !/^flags: .*F/m.test(entry) || magic === undefined) return false
  const mask = entryBytesOf(entry, 'mask') ?? Buffer.alloc(magic.length, 0xff)
  const offset = Number(/^offset (\d+)$/m.exec(entry)?.[1] ?? Number.NaN)
  const program = headerOf(machine)
  // One that also looks at bytes behind the machine's number interprets some programs of it at most.
  if (!(offset + magic.length <= program.length)) return false
  return magic.every((byte, at) => ((byte ^ (program[offset + at] ?? 0)) & (mask[at] ?? 0)) === 0)
}

const entryBytesOf = (entry: string, field: string): Buffer | undefined => {
  const digits = new RegExp(`^${field} ((?:[0-9a-f]{2})+)$`, 'm').exec(entry)?.[1]
  return digits === undefined ? undefined : Buffer.from(digits, 'hex')
}

/** The beginning of a 64-bit, little-endian program: identification, type EXEC, machine. */
function headerOf(machine: number): Buffer {
  const header = Buffer.from('7f454c4602010100000000000000000002000000', 'hex')
  header.writeUInt16LE(machine, 18)
  return header
}
