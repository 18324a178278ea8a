import { describe, expect, it } from 'vitest'
import { anchorsOf, brokenReferences, type Targets } from './references.ts'
import { projectFiles, readSource } from './source-tree.ts'

const paths = projectFiles()
const documents = paths.filter(path => path.endsWith('.md')).map(readSource)
const there: Targets = {
  paths: new Set(paths),
  documents: new Map(documents.map(({ path, text }) => [path, text])),
}
/** The rule and its tests hold references that lead nowhere on purpose. */
const isJudged = (path: string) => /\.(ts|md|sh|yml|go|proto)$/.test(path) && !path.includes('layout/references.')

describe('a reference in code and documents', () => {
  it('leads to a file and a heading that are there', () => {
    const found = paths.filter(isJudged).flatMap(path => brokenReferences(readSource(path), there))
    expect(found).toEqual([])
  })

  const few: Targets = {
    paths: new Set(['docs/facts/github.md', 'docs/trust.md', 'README.md', 'shared/infra/log.ts']),
    documents: new Map([['docs/facts/github.md', '# Facts\n\n## Rate limits\n']]),
  }
  it.each([
    ['a.ts', '// see docs/facts/gone.md'],
    ['a.ts', '// see docs/facts/github.md#gone'],
    ['a.ts', '// as GitHub does (facts B1)'],
    ['a.ts', '// as GitHub does (github facts C3)'],
    ['a.ts', '// facts oidc A 7'],
    ['a.ts', '// see design section 4'],
    ['a.ts', '// least privilege (design 9)'],
    ['a.ts', '// style 4.7'],
    ['docs/a.md', '[limits](facts/github.md#gone)'],
    ['docs/a.md', '[limits](github.md)'],
    ['docs/a.md', '[up](../gone.md)'],
    ['docs/a.md', 'see `shared/gone.ts`'],
  ])('of %s that says %j is found', (path, text) => {
    expect(brokenReferences({ path, text }, few)).toHaveLength(1)
  })

  it.each([
    ['a.ts', '// see docs/facts/github.md#rate-limits.'],
    ['a.ts', '// the facts of the run, by design'],
    ['docs/a.md', '[limits](facts/github.md#rate-limits) [readme](../README.md) [web](https://example.org/a#b)'],
    ['docs/a.md', '```\n[no](link.md)\n```\n[folder](facts)'],
    ['docs/a.md', 'see `shared/infra/*.ts`, `shared/infra` and `npm run docs`'],
  ])('of %s that says %j is fine', (path, text) => {
    expect(brokenReferences({ path, text }, few)).toEqual([])
  })

  it('has the anchor that GitHub makes of a heading', () => {
    expect([...anchorsOf('# Who may import whom\n## What’s `left`, and why?\n')]).toEqual([
      'who-may-import-whom',
      'whats-left-and-why',
    ])
  })
})
