import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { forbiddenImports } from './import-matrix.ts'
import { importsOf, isTest, projectFiles, readSource, type SourceFile, typescriptFiles } from './source-tree.ts'

const files = typescriptFiles()
const sources = files.filter(file => !isTest(file.path))
const where = (found: SourceFile[], advice: string) => found.map(file => `${file.path}: ${advice}`)
const matching = (pattern: RegExp, among: SourceFile[], advice: string) =>
  where(
    among.filter(file => pattern.test(file.text)),
    advice,
  )

describe('the layout', () => {
  it('lets each part import only what design section 11 allows', () => {
    expect(forbiddenImports(files)).toEqual([])
  })

  it('notices a forbidden import, so that the rule above can fail', () => {
    const bad = { path: 'services/gateway/src/x.ts', text: "import { a } from '../../signer/src/a.ts'\n" }
    const deep = { path: 'services/signer/src/x.ts', text: "export * from '@forkproof/verifier/core'\n" }
    const lazy = { path: 'services/claimant/src/x.ts', text: "const a = await import('@forkproof/infra/log')\n" }
    expect(forbiddenImports([bad, deep, lazy])).toHaveLength(3)
  })

  it('reads the environment only where configuration is made', () => {
    const may = /(?:^|\/)(config|main|[a-z-]+-command|global-setup|vitest\.config)\.ts$/
    const others = sources.filter(file => !may.test(file.path) && !file.path.includes('/layout/'))
    expect(matching(/process\.env/, others, 'take the value from config.ts instead of process.env')).toEqual([])
  })

  it('keeps the NATS client behind the bus', () => {
    const others = sources.filter(file => !/^shared\/infra\/bus(-provision)?\.ts$/.test(file.path))
    const found = others.filter(file => importsOf(file.text).some(one => one.specifier === 'nats'))
    expect(where(found, 'use @forkproof/infra/bus instead of the client')).toEqual([])
  })

  it('keeps node, zod and infrastructure out of workflow code', () => {
    const workflows = sources.filter(file => file.path.startsWith('workflows/'))
    const found = workflows.filter(file => importsOf(file.text).some(one => /^(node:|zod)/.test(one.specifier)))
    expect(where(found, 'workflow code must be deterministic and small: move this to an activity')).toEqual([])
  })

  it('has no default export (the linter holds the rule against any)', () => {
    const judged = sources.filter(
      file => !/(vitest\.config|closing-line-reporter)\.ts$/.test(file.path) && !file.path.includes('/layout/'),
    )
    expect(matching(/^export default/m, judged, 'export by name')).toEqual([])
  })

  it('keeps main files to 15 lines and other files to 300', () => {
    const lines = (file: SourceFile) => file.text.trimEnd().split('\n').length
    const mains = files.filter(file => /^services\/[a-z-]+\/src\/main\.ts$/.test(file.path) && lines(file) > 15)
    expect(where(mains, 'a main starts the service; move the rest to compose.ts')).toEqual([])
    expect(
      where(
        files.filter(file => lines(file) > 300),
        'split it by idea',
      ),
    ).toEqual([])
  })

  it('names files and folders in kebab-case and none of them after nothing in particular', () => {
    const paths = projectFiles()
    const odd = paths.filter(
      path => path.endsWith('.ts') && !/^[a-z0-9]+([.-][a-z0-9]+)*\.ts$/.test(posix.basename(path)),
    )
    expect(odd.map(path => `${path}: use kebab-case`)).toEqual([])
    const vague = paths.filter(path => /(^|\/)(utils?|helpers?|common|types)\//.test(path))
    expect(vague.map(path => `${path}: name the folder after what it holds`)).toEqual([])
  })

  it('has no empty, skipped, focused or retried test', () => {
    const tests = files.filter(file => file.path.endsWith('.test.ts') && !file.path.includes('/layout/'))
    expect(
      where(
        tests.filter(file => !/\bexpect\b/.test(file.text)),
        'assert something',
      ),
    ).toEqual([])
    expect(
      matching(/\b(it|test|describe)\.(skip|only|todo|fails|skipIf|runIf)\b/, tests, 'run it, or remove it'),
    ).toEqual([])
    expect(
      matching(/\bretry\s*:\s*[1-9].*\bit\(|\bit\(.*retry\s*:/, tests, 'remove the cause instead of retrying'),
    ).toEqual([])
  })

  it('leaves no bare TODO', () => {
    const judged = files.filter(file => !file.path.includes('/layout/'))
    expect(matching(/\b(TODO|FIXME|HACK|XXX)\b/, judged, 'do it, or write an issue')).toEqual([])
  })

  it('gives every document one title', () => {
    const documents = projectFiles()
      .filter(path => path.endsWith('.md'))
      .map(readSource)
    const outsideCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, '')
    const found = documents.filter(file => (outsideCode(file.text).match(/^# /gm) ?? []).length !== 1)
    expect(where(found, 'start it with one # title')).toEqual([])
  })
})
