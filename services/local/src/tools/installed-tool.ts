import { execFile } from 'node:child_process'
import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Tool } from './tool-catalogue.ts'
import { formatVersion, isAtLeast } from './tool-version.ts'

const versionMsMax = 20_000
const versionBytesMax = 65_536

type ToolInspection = { readonly fits: true; readonly version: string } | { readonly fits: false; readonly why: string }

/** Whether the program at `path` can be used as `tool`. Never throws for what the program does. */
export async function inspectTool(tool: Tool, path: string, signal?: AbortSignal): Promise<ToolInspection> {
  if (!(await isExecutableFile(path))) return { fits: false, why: 'is not an executable file' }
  if (!tool.installed) return { fits: true, version: tool.version }
  const { versionArgs, versionIn, minimum, minimumInWords } = tool.installed
  const answer = await outputOf(path, versionArgs, signal)
  if (answer === undefined) return { fits: false, why: `does not answer ${versionArgs.join(' ')}` }
  const version = versionIn(answer)
  if (!version) return { fits: false, why: `says no version that can be read: ${JSON.stringify(answer.slice(0, 80))}` }
  if (!isAtLeast(version, minimum)) {
    return { fits: false, why: `is too old (${formatVersion(version)}); needed: ${minimumInWords} or newer` }
  }
  return { fits: true, version: formatVersion(version) }
}

/**
 * Every executable of that name on the search path, in its order.
 * Relative entries are ignored, because the current folder is not trusted.
 */
export async function findOnSearchPath(name: string, searchPath: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const candidate = join(folder, name)
    if (!found.includes(candidate) && (await isExecutableFile(candidate))) found.push(candidate)
  }
  return found
}

export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

function outputOf(path: string, args: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
  const bounds = { timeout: versionMsMax, maxBuffer: versionBytesMax, ...(signal ? { signal } : {}) }
  return new Promise(resolve => {
    execFile(path, [...args], bounds, (err, stdout, stderr) => resolve(err ? undefined : `${stdout}${stderr}`.trim()))
  })
}
