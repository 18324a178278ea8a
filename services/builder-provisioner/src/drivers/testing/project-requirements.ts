import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProjectId } from '@forkproof/contracts/ids'
import { expect } from 'vitest'
import type { BuildctlResult } from './build-on.ts'
import { boundedSignal, type ConformanceSuite, type CreatedBuilder, type Requirements } from './conformance-suite.ts'
import { mebibyte, someProjectId } from './driver-harness.ts'

const ofProject = (projectId: ProjectId = someProjectId()) => ({ kind: { class: 'project', projectId } }) as const
const buildTwoSteps = (suite: ConformanceSuite, builder: CreatedBuilder): Promise<BuildctlResult> =>
  suite.build(builder, ['hello'], ['whoami'])
const fromScratch = { code: 0, output: expect.not.stringMatching(/CACHED/) }
const fromCache = { code: 0, output: expect.stringMatching(/CACHED/) }

async function digestOf(folder: string): Promise<string> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  const hash = createHash('sha256')
  for (const path of entries.map(entry => join(entry.parentPath, entry.name)).sort())
    hash.update(`${path}\0`).update(await readFile(path))
  return hash.digest('hex')
}

export const projectRequirements: Requirements = {
  'keeps what was built for the project’s next builder, and an ephemeral one neither reads nor changes it':
    async suite => {
      const { driver } = suite
      const projectId = someProjectId()
      const cache = join(suite.buildkit.cacheFolder, projectId)
      const first = await suite.create(ofProject(projectId))
      expect(await buildTwoSteps(suite, first)).toMatchObject(fromScratch)
      await driver.destroy(first.id, boundedSignal())
      const kept = await digestOf(cache)

      const stranger = await suite.create()
      expect(await buildTwoSteps(suite, stranger)).toMatchObject(fromScratch)
      await driver.destroy(stranger.id, boundedSignal())
      expect(await digestOf(cache)).toBe(kept)

      const second = await suite.create(ofProject(projectId))
      expect(await buildTwoSteps(suite, second)).toMatchObject(fromCache)
    },

  'gives one project’s state to no other project': async suite => {
    const first = await suite.create(ofProject())
    expect(await buildTwoSteps(suite, first)).toMatchObject({ code: 0 })
    await suite.driver.destroy(first.id, boundedSignal())
    const other = await suite.create(ofProject())
    expect(await buildTwoSteps(suite, other)).toMatchObject(fromScratch)
  },

  'keeps the state of a builder that was killed fit for use': async suite => {
    const more = ofProject()
    const first = await suite.create(more)
    await suite.expectServes(first)
    await suite.harness.kill(first.id)
    await first.ended
    await suite.driver.destroy(first.id, boundedSignal())
    await suite.expectServes(await suite.create(more))
  },

  'does not take more of the disk than its bound': async suite => {
    const builder = await suite.create(ofProject())
    await suite.build(builder, ['disk-fill', '/full'])
    await suite.driver.destroy(builder.id, boundedSignal())
    const images = await readdir(suite.buildkit.cacheFolder, { recursive: true, withFileTypes: true })
    for (const image of images.filter(entry => entry.isFile())) {
      const { blocks } = await stat(join(image.parentPath, image.name))
      expect(blocks * 512).toBeLessThan(300 * mebibyte)
    }
  },
}
