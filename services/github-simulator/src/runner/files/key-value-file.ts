/** A file command was written in a form that cannot be read. The message is meant for the job's log. */
export class FileCommandError extends Error {
  override readonly name = 'FileCommandError'
}

/**
 * Reads `name=value` and `name<<DELIMITER … DELIMITER` entries in order. A name may come twice; the last one counts.
 * What comes first in a line, `=` or `<<`, decides which form it has. Source:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#environment-files.
 */
export function parseKeyValueFile(text: string): [name: string, value: string][] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const entries: [string, string][] = []
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals > 0 && (heredoc < 0 || equals < heredoc)) {
      entries.push([line.slice(0, equals), line.slice(equals + 1)])
    } else if (heredoc > 0 && (equals < 0 || heredoc < equals)) {
      const delimiter = line.slice(heredoc + 2)
      const end = delimiter === '' ? -1 : lines.indexOf(delimiter, index + 1)
      if (end < 0) throw new FileCommandError(`Invalid value. Matching delimiter not found '${delimiter}'`)
      entries.push([line.slice(0, heredoc), lines.slice(index + 1, end).join('\n')])
      index = end
    } else {
      throw new FileCommandError(`Invalid format '${line}'`)
    }
  }
  return entries
}
