export interface WorkflowCommand {
  name: string
  properties: Readonly<Record<string, string>>
  message: string
}

/** Reads `::name key=value,…::message` from a line of output; undefined when the line is not a command. */
export function parseWorkflowCommand(line: string): WorkflowCommand | undefined {
  const text = line.trimStart()
  if (!text.startsWith('::')) return undefined
  const end = text.indexOf('::', 2)
  if (end < 0) return undefined
  const head = text.slice(2, end)
  const space = head.indexOf(' ')
  const name = space < 0 ? head : head.slice(0, space)
  if (name === '') return undefined
  const properties = space < 0 ? {} : parseProperties(head.slice(space + 1))
  return { name: name.toLowerCase(), properties, message: unescapeData(text.slice(end + 2)) }
}

function parseProperties(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap(pair => {
    const equals = pair.indexOf('=')
    return equals > 0 ? [[pair.slice(0, equals).trim(), unescapeProperty(pair.slice(equals + 1))] as const] : []
  })
  return Object.fromEntries(pairs)
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
}
