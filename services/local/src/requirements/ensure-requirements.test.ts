import { describe, expect, it } from 'vitest'
import { Progress } from '../tools/progress.ts'
import { ensureRequirements, RequirementsMissingError } from './ensure-requirements.ts'
import type { Machine } from './machine.ts'

const machine: Machine = {
  system: 'Debian',
  hasDebianPackages: true,
  hasAptGet: true,
  hasGo: true,
  isRoot: true,
  missingPrograms: new Set(),
  missingFacts: new Set(),
}
const withoutNft: Machine = { ...machine, missingPrograms: new Set(['nft']) }

interface Course {
  /** What each look at the machine finds. */
  readonly reads: readonly Machine[]
  readonly allowed?: boolean
  readonly install?: () => Promise<void>
}

async function ensure({ reads, allowed = true, install = async () => {} }: Course) {
  const notes: string[] = []
  const installed: (readonly string[])[] = []
  const left = [...reads]
  const interrupted = new AbortController()
  const ensuring = ensureRequirements(
    { suites: ['builders'], tools: [], command: 'npm test', install: allowed },
    {
      environment: {},
      progress: new Progress({ line: text => notes.push(text) }),
      signal: interrupted.signal,
      read: async () => left.shift() ?? Promise.reject(new Error('looked once more')),
      install: async packages => {
        installed.push(packages)
        await install()
      },
    },
  )
  const error = await ensuring.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  return { notes, installed, error }
}

describe('what the suites need', () => {
  it('is looked for once and not spoken of when it is there', async () => {
    expect(await ensure({ reads: [machine] })).toEqual({ notes: [], installed: [], error: undefined })
  })

  it('is installed, which is said before, and looked for again', async () => {
    const { notes, installed, error } = await ensure({ reads: [withoutNft, machine] })
    expect(error).toBeUndefined()
    expect(installed).toEqual([['nftables']])
    expect(notes).toEqual(['Missing packages, installed now without starting services: nftables'])
  })

  it('stops the command when it may not be installed', async () => {
    const { installed, error } = await ensure({ reads: [withoutNft], allowed: false })
    expect(error).toBeInstanceOf(RequirementsMissingError)
    expect(error).toMatchObject({ message: expect.stringContaining('  - nft: ') })
    expect(installed).toEqual([])
  })

  it('stops the command with the reason when apt-get fails', async () => {
    const install = () => Promise.reject(new Error('apt-get install failed:\n  E: Unable to locate package nftables'))
    const { error } = await ensure({ reads: [withoutNft], install })
    expect(error).toBeInstanceOf(RequirementsMissingError)
    expect(error).toMatchObject({ message: expect.stringContaining('E: Unable to locate package nftables') })
  })

  it('stops the command when the package has not brought the program', async () => {
    const { installed, error } = await ensure({ reads: [withoutNft, withoutNft] })
    expect(installed).toHaveLength(1)
    expect(error).toBeInstanceOf(RequirementsMissingError)
  })
})
