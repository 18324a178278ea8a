import { posix } from 'node:path'
import type { SourceFile } from './source-tree.ts'

/** What references are resolved against: the files there are, and the documents' texts. */
export interface Targets {
  readonly paths: ReadonlySet<string>
  readonly documents: ReadonlyMap<string, string>
}

/** References by words, which lead nowhere: they name chapters of no file. */
const byWords =
  /\b(facts? (?:[A-Z]\d|\d)|facts[ /](?:github|oidc|depot|buildkit|temporal-nats|engines)\b(?!\.md)|design section|\(design\b|\bdesign \d|style \d+\.\d)/g

/** One sentence for each reference of a file that leads nowhere. */
export function brokenReferences(file: SourceFile, targets: Targets): string[] {
  const words = Array.from(
    file.text.matchAll(byWords),
    match => `“${match[0]}” names no file; link to a heading of docs/`,
  )
  const links = file.path.endsWith('.md') ? [...relativeLinks(file), ...namedFiles(file)] : namedDocuments(file)
  return [...words, ...links.flatMap(link => brokenLink(link, targets))].map(problem => `${file.path}: ${problem}`)
}

interface Link {
  readonly path: string
  readonly anchor: string | undefined
}

/** `docs/….md#anchor` in a comment, from the root. */
const namedDocuments = ({ text }: SourceFile): Link[] =>
  Array.from(text.matchAll(/\bdocs\/[\w/.-]+?\.md(?:#([\w-]+))?/g), match => ({
    path: match[0].split('#')[0] ?? '',
    anchor: match[1],
  }))

/** `shared/…` and the like between backticks in a document, from the root; `*` stands for any name. */
const namedFiles = ({ text }: SourceFile): Link[] =>
  Array.from(text.matchAll(/`((?:shared|services|workflows|\.github)\/[\w/.*-]*)`/g), match => ({
    path: match[1] ?? '',
    anchor: undefined,
  }))

function relativeLinks({ path, text }: SourceFile): Link[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return Array.from(prose.matchAll(/\]\(([^()\s]+)\)/g), match => match[1] ?? '')
    .filter(target => !/^[a-z]+:/.test(target))
    .map(target => {
      const [file = '', anchor] = target.split('#')
      return { path: file === '' ? path : posix.join(posix.dirname(path), file), anchor }
    })
}

function brokenLink({ path, anchor }: Link, { paths, documents }: Targets): string[] {
  if (!isThere(path.replace(/\/$/, ''), paths)) return [`${path} is not there`]
  if (anchor === undefined) return []
  const document = documents.get(path)
  return document !== undefined && anchorsOf(document).has(anchor) ? [] : [`${path} has no heading #${anchor}`]
}

/** A file, or a folder with files. */
function isThere(path: string, paths: ReadonlySet<string>): boolean {
  if (paths.has(path)) return true
  return [...paths].some(
    known => known.startsWith(`${path}/`) || (path.includes('*') && posix.matchesGlob(known, path)),
  )
}

/** The anchors that GitHub gives headings. */
export const anchorsOf = (markdown: string): ReadonlySet<string> =>
  new Set(
    Array.from(markdown.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm), match =>
      (match[1] ?? '')
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
