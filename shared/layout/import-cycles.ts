import { resolveImport } from './resolve-import.ts'
import { importsOf, type SourceFile } from './source-tree.ts'

type Graph = ReadonlyMap<string, readonly string[]>

/** Which file of the project imports which, type-only imports included. */
export function importGraph(files: readonly SourceFile[]): Graph {
  const known = new Set(files.map(({ path }) => path))
  const targetsOf = ({ path, text }: SourceFile) => {
    const targets = importsOf(text).map(({ specifier }) => resolveImport(path, specifier))
    return [...new Set(targets)].filter(target => target !== undefined && known.has(target)) as string[]
  }
  return new Map(files.map(file => [file.path, targetsOf(file)]))
}

/** One way around for each group of files that reach each other, as `a → b → a`; the shortest from its first file. */
export function importCycles(graph: Graph): string[] {
  const explained = new Set<string>()
  return [...graph.keys()].sort().flatMap(start => {
    if (explained.has(start)) return []
    const way = shortestWayBack(graph, start)
    if (!way) return []
    for (const path of way) explained.add(path)
    return [[...way, start].join(' → ')]
  })
}

/** Breadth first, so the first way found is a shortest one. */
function shortestWayBack(graph: Graph, start: string): string[] | undefined {
  const reachedFrom = new Map<string, string>()
  const queue = [start]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const target of graph.get(path) ?? []) {
      if (target === start) return wayTo(path, start, reachedFrom)
      if (reachedFrom.has(target)) continue
      reachedFrom.set(target, path)
      queue.push(target)
    }
  }
  return undefined
}

function wayTo(end: string, start: string, reachedFrom: ReadonlyMap<string, string>): string[] {
  const way = [end]
  for (let at = end; at !== start; ) {
    at = reachedFrom.get(at) ?? start
    way.unshift(at)
  }
  return way
}
