/**
 * Whether the whole text fits a pattern in which `*` stands for any characters and, where the language has it, `?` for
 * one. No character stops a wildcard, not even `:` and `/`.
 */
export function fitsWildcard(pattern: string, text: string, { one = false }: { readonly one?: boolean } = {}): boolean {
  const source = Array.from(pattern, character => {
    if (character === '*') return '[^]*'
    return one && character === '?' ? '[^]' : character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
  })
  return new RegExp(`^${source.join('')}$`, 'u').test(text)
}
