import type { SourceFile } from './source-tree.ts'

interface Word {
  readonly word: string
  readonly owner: string
}

/** The rows of the glossary: a word, its meaning, and a link to the file that owns it. */
export const glossaryRows = (glossary: string): Word[] =>
  Array.from(glossary.matchAll(/^\| ([^|]+?) \| .+ \| \[([^\]]+)\]\([^)]+\) \|$/gm), ([, word = '', owner = '']) => ({
    word,
    owner,
  }))

/** The words that a file says it owns: `docs/glossary.md: lease, receipt`. */
const ownedBy = ({ text }: SourceFile): string[] =>
  Array.from(text.matchAll(/docs\/glossary\.md:[\s*/]+([\w-][\w -]*(?:, ?[\w -]+)*)/g), match => match[1] ?? '')
    .flatMap(words => words.split(','))
    .map(word => word.trim())

/**
 * One sentence for each word whose owner does not name it, and for each one that a file names and the glossary has not.
 */
export function glossaryProblems(glossary: string, files: readonly SourceFile[]): string[] {
  const words = glossaryRows(glossary)
  const byPath = new Map(files.map(file => [file.path, ownedBy(file)]))
  const unnamed = words
    .filter(({ word, owner }) => !byPath.get(owner)?.includes(word))
    .map(({ word, owner }) => `${owner}: say that it owns the word (docs/glossary.md: ${word})`)
  const unknown = [...byPath].flatMap(([path, owned]) =>
    owned
      .filter(name => !words.some(({ word, owner }) => word === name && owner === path))
      .map(name => `${path}: the glossary has no row for ${name} with this owner`),
  )
  return [...unnamed, ...unknown]
}
