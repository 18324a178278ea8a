import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hostPlatforms } from './host-platforms.ts'

const amd64 = { platform: 'linux/amd64', emulated: false }
const arm64 = { platform: 'linux/arm64', emulated: true }
const magics = {
  aarch64: '7f454c460201010000000000000000000200b700',
  x86_64: '7f454c4602010100000000000000000002003e00',
  riscv64: '7f454c460201010000000000000000000200f300',
}
const usualMask = 'ffffffffffffff00fffffffffffffffffeffffff'

/** An entry as Linux prints it. */
const entry = (changes: Partial<Record<'state' | 'flags' | 'offset' | 'magic' | 'mask', string>> = {}) => {
  const { state = 'enabled', flags = 'OCF', offset = '0', magic = magics.aarch64, mask = usualMask } = changes
  const lines = [state, 'interpreter /usr/bin/qemu-static', `flags: ${flags}`, `offset ${offset}`, `magic ${magic}`]
  return [...lines, ...(mask === '' ? [] : [`mask ${mask}`]), ''].join('\n')
}

describe('the platforms of a machine', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forkproof-binfmt-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** The table as it is mounted. */
  const table = async (entries: Record<string, string>, status = 'enabled') => {
    await writeFile(join(folder, 'status'), `${status}\n`)
    // Not readable.
    await writeFile(join(folder, 'register'), entry(), { mode: 0o200 })
    for (const [name, text] of Object.entries(entries)) await writeFile(join(folder, name), text)
  }

  it.each(['qemu-aarch64', 'qemu-aarch64-static', 'a-name-of-its-own'])(
    'are also those that %s interprets, whatever it is called',
    async name => {
      await table({
        [name]: entry(),
        python3: 'enabled\ninterpreter /usr/bin/python3\nflags: \noffset 0\nmagic 6f0d\n',
      })
      expect(await hostPlatforms('x64', folder)).toEqual([amd64, arm64])
    },
  )

  it('are seen the other way around', async () => {
    await table({ rosetta: entry({ magic: magics.x86_64 }) })
    const emulated = { platform: 'linux/amd64', emulated: true }
    expect(await hostPlatforms('aarch64', folder)).toEqual([{ platform: 'linux/arm64', emulated: false }, emulated])
  })

  it.each([
    ['every byte counts', { mask: '' }],
    ['only the machine’s number counts', { offset: '18', magic: 'b700', mask: 'ffff' }],
  ])('are seen where %s', async (_, changes) => {
    await table({ entry: entry(changes) })
    expect(await hostPlatforms('x86_64', folder)).toEqual([amd64, arm64])
  })

  it.each([
    ['is for another machine', { magic: magics.riscv64 }],
    ['is for this machine itself', { magic: magics.x86_64 }],
    ['is switched off', { state: 'disabled' }],
    ['opens its interpreter only when it runs', { flags: 'OC' }],
    ['looks further than a program’s machine', { magic: `${magics.aarch64}00`, mask: '' }],
    ['looks elsewhere', { offset: '4' }],
    ['has an odd number of digits', { magic: '7f454' }],
    ['has no magic', { magic: '' }],
    ['has no offset', { offset: 'x' }],
  ])('are not those of an entry that %s', async (_, changes) => {
    await table({ 'qemu-aarch64': entry(changes) })
    expect(await hostPlatforms('amd64', folder)).toEqual([amd64])
  })

  it('are its own where the table is switched off, empty, or not mounted', async () => {
    expect(await hostPlatforms('amd64', join(folder, 'absent'))).toEqual([amd64])
    expect(await hostPlatforms('amd64', folder)).toEqual([amd64])
    await table({ 'qemu-aarch64': entry() }, 'disabled')
    expect(await hostPlatforms('amd64', folder)).toEqual([amd64])
    await table({ 'qemu-aarch64': '' })
    expect(await hostPlatforms('amd64', folder)).toEqual([amd64])
  })

  it('are none where the architecture is none of ours', async () => {
    await table({ 'qemu-aarch64': entry() })
    expect(await hostPlatforms('riscv64', folder)).toEqual([])
  })
})
