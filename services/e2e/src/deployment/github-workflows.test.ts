import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { parse } from 'yaml'

const workflows = join(import.meta.dirname, '../../../../.github/workflows')
const names = await readdir(workflows)
/** For users to copy. */
const doctorWorkflow = join(import.meta.dirname, '../../../../docs/forkproof-doctor.yml')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkproof-actionlint-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/**
 * What actionlint says, empty for nothing. Programs that it would call for scripts are left out: not every machine has
 * them.
 */
const complaints = (file: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = ['-no-color', '-oneline', '-shellcheck=', '-pyflakes=']
    execFile(inject('programs').actionlint, [...options, file], { cwd: folder }, (error, output) => {
      if (error && error.code !== 1) reject(error)
      else resolve(output)
    })
  })

interface Workflow {
  readonly permissions: object
  readonly jobs: Readonly<Record<string, { readonly permissions?: object; readonly 'timeout-minutes'?: number }>>
}

describe('the workflow file', () => {
  test.each(names)('%s is one that GitHub would take', async name => {
    expect(await complaints(join(workflows, name))).toBe('')
  })

  test.each(names)('%s grants nothing by default, and each job ends by itself', async name => {
    const { permissions, jobs }: Workflow = parse(await readFile(join(workflows, name), 'utf8'))
    expect(permissions).toEqual({})
    for (const job of Object.values(jobs)) {
      expect(job.permissions).toBeDefined()
      expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
  })

  test('that users copy is one that GitHub would take', async () => {
    expect(await complaints(doctorWorkflow)).toBe('')
  })

  test('with a mistake is found to have one', async () => {
    const file = join(folder, 'wrong.yml')
    await writeFile(
      file,
      'on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make\n        if: github.evnt\n',
    )
    expect(await complaints(file)).toContain('property "evnt" is not defined')
  })
})
