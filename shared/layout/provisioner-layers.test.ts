import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf, isTest, type SourceFile, typescriptFiles } from './source-tree.ts'

const root = 'services/builder-provisioner/src/'

/**
 * Which folders of the provisioner each folder may import, type-only imports included.
 * The drawing of the same arrows is in `wire-node.ts`.
 * Files in the root put the parts together and may import everything.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  state: [],
  host: [],
  settings: [],
  credentials: [],
  network: ['host', 'settings'],
  proxy: ['credentials', 'state'],
  readiness: ['settings', 'state'],
  events: ['state'],
  drivers: ['host', 'network', 'settings', 'state'],
  builders: ['credentials', 'drivers', 'readiness', 'state'],
  leases: ['builders', 'credentials', 'events', 'proxy', 'state'],
  reconcile: ['builders', 'leases', 'state'],
  commands: ['events', 'leases', 'state'],
  announcement: ['builders', 'drivers', 'host', 'leases', 'reconcile'],
}

/** Only the folder itself may import these: what they export can change a builder. */
const privateFiles = ['builders/owned-builder.ts']

/** Empty for a file in the root. */
const folderOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : '')

/** One sentence for each import that goes against the arrows. `files`: paths from the repository's root. */
function wrongImports(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const from = path.slice(root.length)
    const folder = folderOf(from)
    const targets = importsOf(text)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => posix.join(posix.dirname(from), specifier))
    return targets.flatMap(target => {
      const other = folderOf(target)
      if (other === folder || folder === '') return []
      if (privateFiles.includes(target)) return [`${from} imports ${target}: only the pool may change a builder`]
      return layers[folder]?.includes(other) ? [] : [`${from} imports ${target}: ${folder} may not import ${other}`]
    })
  })
}

const sources = typescriptFiles().filter(({ path }) => path.startsWith(root) && !isTest(path))

describe('the layers of the provisioner', () => {
  it('are imported in one direction', () => {
    expect(wrongImports(sources)).toEqual([])
  })

  it('are all of its folders', () => {
    const folders = new Set(sources.map(({ path }) => folderOf(path.slice(root.length))).filter(name => name !== ''))
    expect([...folders].sort()).toEqual(Object.keys(layers).sort())
  })

  it('have no cycle', () => {
    const below = (folder: string, above: readonly string[]): string[][] =>
      above.includes(folder)
        ? [[...above, folder]]
        : (layers[folder] ?? []).flatMap(next => below(next, [...above, folder]))
    expect(Object.keys(layers).flatMap(folder => below(folder, []))).toEqual([])
  })

  it('would notice an import against them', () => {
    const bad = (path: string, specifier: string) => ({
      path: root + path,
      text: `import type { A } from '${specifier}'\n`,
    })
    const found = wrongImports([
      bad('state/x.ts', '../builders/builder.ts'),
      bad('drivers/memory/x.ts', '../../builders/builder-pool.ts'),
      bad('leases/x.ts', '../builders/owned-builder.ts'),
      bad('leases/x.ts', '../builders/builder.ts'),
    ])
    expect(found).toHaveLength(3)
  })
})
