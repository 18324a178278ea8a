const opener = '$' + '{{'

type TemplatePart = { text: string } | { expression: string }

/** A workflow text could not be read or evaluated. The message is meant for the job's log. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

/**
 * Splits `a ${{ b }} c` into text and expressions. A closing `}}` inside a quoted string does not close the expression.
 * Two single quotes in a quoted string are one.
 */
export function splitTemplate(template: string): TemplatePart[] {
  const parts: TemplatePart[] = []
  let position = 0
  while (position < template.length) {
    const opening = template.indexOf(opener, position)
    if (opening < 0) break
    if (opening > position) parts.push({ text: template.slice(position, opening) })
    const closing = findClosing(template, opening + 3)
    parts.push({ expression: template.slice(opening + 3, closing).trim() })
    position = closing + 2
  }
  if (position < template.length) parts.push({ text: template.slice(position) })
  return parts
}

function findClosing(template: string, from: number): number {
  let quoted = false
  for (let index = from; index < template.length; index += 1) {
    if (template[index] === "'") quoted = !quoted
    else if (!quoted && template.startsWith('}}', index)) return index
  }
  throw new TemplateError(
    `The expression is not closed. An unescaped ${opener} sequence was found, but the closing }} was not.`,
  )
}
