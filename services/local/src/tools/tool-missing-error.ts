import { isGoTool, type Tool } from './tool-catalogue.ts'

/** The program is neither there nor could it be made; the message lists what was tried and every way to get it. */
export class ToolMissingError extends Error {
  override readonly name = 'ToolMissingError'

  constructor(tool: Tool, tried: readonly string[], cached: string) {
    const minimum = tool.installed?.minimumInWords
    const ways = [
      `set ${tool.setting}=/path/to/${tool.name}`,
      ...(minimum === undefined ? [] : [`install ${minimum} or newer somewhere on PATH`]),
      isGoTool(tool)
        ? `install Go 1.26 or newer (https://go.dev/dl/) with access to its module proxy and start again: it is built from ${tool.moduleFolder}`
        : `on Debian or Ubuntu: apt-get install ${tool.debianPackage}`,
      `copy a program that was built elsewhere to ${cached}`,
    ]
    const list = [
      ...tried.map(line => `  - ${line}`),
      'One of these gets it:',
      ...ways.map((way, i) => `  ${i + 1}. ${way}`),
    ]
    super([`${tool.name} ${tool.version} is needed and was not found:`, ...list].join('\n'))
  }
}
