import { describe, expect, it } from 'vitest'
import { importCycles, importGraph } from './import-cycles.ts'
import { typescriptFiles } from './source-tree.ts'

const file = (path: string, ...imported: string[]) => ({
  path,
  text: imported.map(specifier => `import type { A } from '${specifier}'\n`).join(''),
})

describe('imports', () => {
  it('have no cycles, type-only ones included', () => {
    const found = importCycles(importGraph(typescriptFiles()))
    expect(found).toEqual([])
  })

  it('with a cycle are found and explained as a way', () => {
    const graph = importGraph([
      file('services/gateway/src/a.ts', './b.ts', './d.ts'),
      file('services/gateway/src/b.ts', '@forkproof/contracts/c'),
      file('shared/contracts/c.ts', '@forkproof/gateway/a'),
      file('services/gateway/src/d.ts'),
    ])
    expect(importCycles(graph)).toEqual([
      'services/gateway/src/a.ts → services/gateway/src/b.ts → shared/contracts/c.ts → services/gateway/src/a.ts',
    ])
  })

  it('of itself are a cycle, and of others are none', () => {
    expect(importCycles(importGraph([file('shared/infra/a.ts', './a.ts')]))).toEqual([
      'shared/infra/a.ts → shared/infra/a.ts',
    ])
    expect(importCycles(importGraph([file('shared/infra/a.ts', './b.ts', 'zod'), file('shared/infra/b.ts')]))).toEqual(
      [],
    )
  })
})
