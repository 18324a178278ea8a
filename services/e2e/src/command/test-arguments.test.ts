import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { kernelFacts, systemPrograms } from '@forkproof/local/requirements/requirement-table'
import { describe, expect, it } from 'vitest'
import { parseTestArguments } from './test-arguments.ts'
import { projectsOf, testSuites } from './test-suites.ts'

const parsed = (...words: string[]) => {
  const result = parseTestArguments(words)
  if (result.action !== 'run') throw new Error(`action: ${result.action}`)
  return result
}
const root = fileURLToPath(new URL('../../../../', import.meta.url))

describe('the words after npm test --', () => {
  it('are none: every suite runs, and what is missing may be installed', () => {
    const { selection, install, vitestFlags } = parsed()
    expect(selection.suites).toEqual(Object.keys(testSuites))
    expect([...selection.projects].sort()).toEqual(['layout', 'process', 'system', 'unit'])
    expect({ install, vitestFlags }).toEqual({ install: true, vitestFlags: [] })
  })

  it('name suites: only their folders are run, in the projects that they belong to', () => {
    expect(parsed('claims').selection).toEqual({
      suites: ['claims'],
      projects: ['system'],
      filters: ['services/e2e/src/claims/'],
    })
    expect(parsed('verifier', 'claims').selection.projects).toEqual(['system', 'unit', 'process'])
    expect(parsed('workflows').selection.filters).toEqual(['workflows/', 'services/e2e/src/workflows/'])
  })

  it('name the fast ones together: no folder that starts servers is among them', () => {
    const { suites, projects, filters } = parsed('unit').selection
    expect(suites).toEqual([])
    expect(projects).toEqual(['unit'])
    expect(filters).toContain('services/gateway/')
    expect(filters).not.toContain('services/e2e/src/claims/')
  })

  it('end with vitest’s flags, which are passed on as they are', () => {
    const { selection, vitestFlags } = parsed('claims', '-t', 'a burst', '--retry=1')
    expect(selection.suites).toEqual(['claims'])
    expect(vitestFlags).toEqual(['-t', 'a burst', '--retry=1'])
    expect(parsed('--coverage').selection.suites).toEqual(Object.keys(testSuites))
  })

  it('forbid installing, wherever among the names', () => {
    expect(parsed('--no-install', 'claims').install).toBe(false)
    expect(parsed('claims', '--no-install').install).toBe(false)
  })

  it('ask for the list: each suite is a line', () => {
    const listed = parseTestArguments(['--list'])
    const lines = listed.action === 'print' ? listed.text.trimEnd().split('\n') : []
    expect(lines.map(line => line.trim().split(' ')[0])).toEqual(['unit', ...Object.keys(testSuites)])
    for (const line of lines) expect(line).toMatch(/^ {2}[a-z0-9-]+ {2,}\S/)
  })

  it.each(['claim', 'Claims', 'toString', '__proto__', 'services/e2e'])('refuse %s with the list', name => {
    const refused = parseTestArguments(['claims', name])
    expect(refused).toMatchObject({ action: 'refuse', message: expect.stringContaining(`no suite ${name}\n`) })
    expect(refused).toMatchObject({ message: expect.stringContaining('  gateway ') })
  })
})

describe('the table of suites', () => {
  const listed = Object.values(testSuites).flatMap(({ folders }) => folders)

  it('has every folder with tests', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    const tests = files.filter(file => file.endsWith('.test.ts') && !file.includes('node_modules'))
    const unlisted = tests.filter(file => !listed.some(folder => file.startsWith(`${folder}/`)))
    expect(tests.length).toBeGreaterThan(200)
    expect(unlisted).toEqual([])
  })

  it('has no folder within another', () => {
    for (const folder of listed) expect(listed.filter(other => folder.startsWith(`${other}/`))).toEqual([])
  })

  it('knows each suite that needs something of the machine, and no unit suite needs root', () => {
    const rows = [...systemPrograms, ...Object.values(kernelFacts)]
    for (const suite of rows.flatMap(({ suites }) => suites)) expect(testSuites).toHaveProperty(suite)
    const unitSuites = Object.entries(testSuites).filter(([, { folders }]) =>
      folders.every(one => projectsOf(one).includes('unit')),
    )
    for (const [name] of unitSuites) expect(kernelFacts.root.suites).not.toContain(name)
  })
})
