import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../../../docs/recipes/', import.meta.url)

/** A fenced block of a page: its label is what follows the language, as in ```` ```json role ````. */
type RecipeBlocks = ReadonlyMap<string, string>

/**
 * The labelled blocks of `docs/recipes/<name>.md`, so that what is tested is what a reader copies. A label that begins
 * with `wrong-` marks what must not be done.
 * @throws when two blocks have one label
 */
export function recipeBlocks(name: string): RecipeBlocks {
  const text = readFileSync(fileURLToPath(new URL(`${name}.md`, folder)), 'utf8')
  const blocks = new Map<string, string>()
  for (const [, label = '', body = ''] of text.matchAll(/^```[a-z]+ ([a-z-]+)\n([\s\S]*?)^```$/gm)) {
    if (blocks.has(label)) throw new Error(`${name}.md has two blocks ${label}`)
    blocks.set(label, body)
  }
  return blocks
}

/** @throws when the page has no such block */
export function recipeBlock(blocks: RecipeBlocks, label: string): string {
  const text = blocks.get(label)
  if (text === undefined) throw new Error(`the page has no block ${label}`)
  return text
}

/** The values of `--name value`, `--name=value` and `name=value` in a shell command, by name. */
export function commandValues(command: string): ReadonlyMap<string, string> {
  const given = /(?:^|\s)(?:--([a-z][a-z-]*)(?:=| +)|([a-z][a-z_]*)=)("[^"]*"|'[^']*'|[^\s\\]+)/g
  const pairs = Array.from(command.matchAll(given), ([, flag, name, value = '']) => [
    flag ?? name ?? '',
    unquoted(value),
  ])
  return new Map(pairs as [string, string][])
}

const unquoted = (value: string): string => value.replace(/^(["'])(.*)\1$/s, '$2')
