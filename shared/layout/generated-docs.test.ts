import { describe, expect, it } from 'vitest'
import { generatedDocs } from './generated-docs.ts'
import { projectFiles, readSource } from './source-tree.ts'

describe('a page that is made from the code', () => {
  it.each(Object.entries(generatedDocs))('%s says what the code says (npm run docs)', (path, page) => {
    expect(readSource(path).text).toBe(page())
  })

  it('has every setting that any part reads', () => {
    const sources = projectFiles().filter(path => /\/(config|shared-settings)\.ts$/.test(path))
    const defined = sources.flatMap(path =>
      Array.from(readSource(path).text.matchAll(/env: '(FORKPROOF_[A-Z_]+)'/g), match => match[1] ?? ''),
    )
    const page = generatedDocs['docs/settings.md']?.() ?? ''
    expect([...new Set(defined)].filter(name => !page.includes(`\`${name}\``))).toEqual([])
  })
})
