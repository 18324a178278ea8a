import { describe, expect, it } from 'vitest'
import { glossaryProblems, glossaryRows } from './glossary.ts'
import { readSource, typescriptFiles } from './source-tree.ts'

const glossary = [
  '| word | meaning | owner |',
  '|---|---|---|',
  '| lease | Time with a builder. | [a/lease.ts](../a/lease.ts) |',
  '| TLS proxy | The port. | [a/proxy.ts](../a/proxy.ts) |',
].join('\n')
const file = (path: string, text: string) => ({ path, text })
const owners = [
  file('a/lease.ts', '/** docs/glossary.md: lease. */'),
  file('a/proxy.ts', '// (docs/glossary.md: TLS proxy)'),
]

describe('a word of the glossary', () => {
  it('is named by the file that owns it, and by no other', () => {
    const { text } = readSource('docs/glossary.md')
    const files = typescriptFiles().filter(({ path }) => !path.includes('layout/glossary.'))
    expect(glossaryRows(text).length).toBeGreaterThan(40)
    expect(glossaryProblems(text, files)).toEqual([])
  })

  it('with its owner is fine', () => {
    expect(glossaryProblems(glossary, owners)).toEqual([])
  })

  it.each([
    ['whose owner is silent', [file('a/lease.ts', ''), owners[1]]],
    ['whose owner is gone', [owners[1]]],
    ['that another file claims', [...owners, file('b.ts', '// docs/glossary.md: lease')]],
    ['that is not there', [...owners, file('b.ts', '// docs/glossary.md: wish')]],
  ])('%s is found', (_, files) => {
    expect(
      glossaryProblems(
        glossary,
        files.filter(one => one !== undefined),
      ),
    ).toHaveLength(1)
  })

  it('shares its owner with others', () => {
    const both = file('a/lease.ts', '// docs/glossary.md: lease, TLS proxy')
    expect(glossaryProblems(glossary.replace('a/proxy', 'a/lease'), [both])).toEqual([])
  })
})
