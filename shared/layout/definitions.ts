import type { SourceFile } from './source-tree.ts'

interface Definition {
  readonly name: string
  readonly path: string
  readonly isExported: boolean
  readonly isType: boolean
}

/** Names that may have several definitions, and why. */
const shared: Readonly<Record<string, string>> = {
  compose: 'each service is put together by the function of this name, which its main.ts calls',
  readConfig: 'each service reads its settings by it',
  settings: 'each service defines its settings under it',
  build: 'a workflow’s name on the wire; a broken one in its tests bears it too',
  claim: 'a workflow’s name on the wire; a broken one in its tests bears it too',
}

const pattern =
  /^(export )?(?:default )?(?:abstract |async |declare )*(const|let|function\*?|class|interface|type|enum) ([A-Za-z_$][\w$]*)/gm

/** What a file defines at its top level, each name once: a schema and its type are one thing. */
export function definitionsOf({ path, text }: SourceFile): Definition[] {
  const found = new Map<string, Definition>()
  for (const [, exported, kind = '', name = ''] of text.matchAll(pattern)) {
    const before = found.get(name)
    found.set(name, {
      name,
      path,
      isExported: exported !== undefined || before?.isExported === true,
      isType: ['class', 'interface', 'type', 'enum'].includes(kind) || before?.isType === true,
    })
  }
  return [...found.values()]
}

/** One sentence for each name that has a second meaning: an exported name or a type is defined once. */
export function repeatedNames(files: readonly SourceFile[]): string[] {
  const byName = Map.groupBy(files.flatMap(definitionsOf), ({ name }) => name)
  return [...byName].flatMap(([name, definitions]) => {
    if (definitions.length < 2 || Object.hasOwn(shared, name)) return []
    const matters = definitions.some(({ isExported, isType }) => isExported || isType)
    return matters ? [`${name}: ${definitions.map(({ path }) => path).join(', ')}: rename all but one`] : []
  })
}
