import type { SourceFile } from './source-tree.ts'

const commentColumnsMax = 120
const proseColumnsMax = 160

/** Comment lines of TypeScript that are wider than code is; the formatter wraps code and leaves comments alone. */
export const wideComments = (file: SourceFile): string[] =>
  tooWide(file, commentColumnsMax, line => /^\s*(\/\/|\/\*|\*)/.test(line) || /[;,{}()\]'\w] \/\/ /.test(line))

/** Lines of prose in Markdown. Tables, code and headings are as wide as they are. */
export function wideProse(file: SourceFile): string[] {
  let isCode = false
  return tooWide(file, proseColumnsMax, line => {
    if (line.startsWith('```')) isCode = !isCode
    return !isCode && !/^\s*[|#`]/.test(line)
  })
}

function tooWide({ path, text }: SourceFile, columnsMax: number, isJudged: (line: string) => boolean): string[] {
  return text.split('\n').flatMap((line, index) => {
    const judged = isJudged(line)
    // An address cannot be wrapped.
    if (!judged || line.length <= columnsMax || /https?:\/\/\S{60}/.test(line)) return []
    return [`${path}:${index + 1}: wrap it at ${columnsMax} columns`]
  })
}
