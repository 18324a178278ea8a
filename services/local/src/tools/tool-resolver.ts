import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { waitForLock } from '../processes/process-lock.ts'
import type { Watchdog } from '../processes/watchdog.ts'
import { fetchDebianTool } from './debian-package.ts'
import { buildMsMax, buildTool } from './go-build.ts'
import { findOnSearchPath, inspectTool, isExecutableFile } from './installed-tool.ts'
import type { Progress } from './progress.ts'
import { isGoTool, type Tool } from './tool-catalogue.ts'

export interface ResolvedTool {
  readonly name: string
  readonly path: string
  readonly version: string
  readonly source: 'setting' | 'search path' | 'cache' | 'built' | 'package'
}

export interface ResolveOptions {
  /** Value of the tool's own setting, if the user gave one. Then nothing else is tried. */
  readonly explicitPath?: string | undefined
  /** PATH, HOME and XDG_CACHE_HOME are read from it; `go build` runs in it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly progress: Progress
  readonly watchdog: Watchdog
  readonly signal?: AbortSignal
}

export class ToolMissingError extends Error {
  constructor(tool: Tool, tried: readonly string[], cached: string) {
    const minimum = tool.installed?.minimumInWords
    const ways = [
      `set ${tool.setting}=/path/to/${tool.name}`,
      ...(minimum === undefined ? [] : [`install ${minimum} or newer somewhere on PATH`]),
      isGoTool(tool)
        ? `install Go 1.25 or newer (https://go.dev/dl/) with access to its module proxy and start again: it is built from ${tool.moduleFolder}`
        : `on Debian or Ubuntu: apt-get install ${tool.debianPackage}`,
      `copy a program that was built elsewhere to ${cached}`,
    ]
    const list = [
      ...tried.map(line => `  - ${line}`),
      'One of these gets it:',
      ...ways.map((way, i) => `  ${i + 1}. ${way}`),
    ]
    super([`${tool.name} ${tool.version} is needed and was not found:`, ...list].join('\n'))
    this.name = 'ToolMissingError'
  }
}

/** $XDG_CACHE_HOME/forkproof/tools, or the same under ~/.cache. A relative value is to be ignored, says the XDG specification. */
export function toolCacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME: configured, HOME: home } = environment
  const base = configured && isAbsolute(configured) ? configured : join(home || homedir(), '.cache')
  return join(base, 'forkproof', 'tools')
}

/** Finds the program: the user's setting, then PATH, then the cache, then a build from the pinned module. @throws ToolMissingError */
export async function resolveTool(tool: Tool, options: ResolveOptions): Promise<ResolvedTool> {
  const target = join(toolCacheFolder(options.environment), tool.name, tool.version)
  const cached = join(target, tool.name)
  const tried: string[] = []
  if (options.explicitPath) return fromSetting(tool, options.explicitPath, cached, options.signal)
  tried.push(`${tool.setting} is not set`)
  const installed = await fromSearchPath(tool, options, tried)
  if (installed) return installed
  const found = { name: tool.name, path: cached, version: tool.version }
  if (await isExecutableFile(cached)) return { ...found, source: 'cache' }
  tried.push(`${cached} does not exist`)
  const maker = isGoTool(tool) ? 'go' : 'apt-get'
  const program = (await findOnSearchPath(maker, options.environment['PATH'] ?? ''))[0]
  if (program === undefined)
    throw new ToolMissingError(tool, [...tried, `it cannot be made here: there is no ${maker} on PATH`], cached)
  try {
    return { ...found, source: await made(tool, program, target, options) }
  } catch (err) {
    if (options.signal?.aborted) throw options.signal.reason
    throw new ToolMissingError(tool, [...tried, `making it with ${maker} failed: ${(err as Error).message}`], cached)
  }
}

/** What the user named is used or refused, never silently replaced by something else. */
async function fromSetting(tool: Tool, path: string, cached: string, signal?: AbortSignal): Promise<ResolvedTool> {
  const inspection = await inspectTool(tool, path, signal)
  if (!inspection.fits) throw new ToolMissingError(tool, [`${tool.setting}: ${path} ${inspection.why}`], cached)
  return { name: tool.name, path, version: inspection.version, source: 'setting' }
}

async function fromSearchPath(tool: Tool, options: ResolveOptions, tried: string[]): Promise<ResolvedTool | undefined> {
  if (!tool.installed) return undefined
  const candidates = await findOnSearchPath(tool.name, options.environment['PATH'] ?? '')
  if (candidates.length === 0) tried.push(`there is no ${tool.name} on PATH`)
  for (const path of candidates) {
    const inspection = await inspectTool(tool, path, options.signal)
    if (inspection.fits) return { name: tool.name, path, version: inspection.version, source: 'search path' }
    tried.push(`PATH: ${path} ${inspection.why}`)
  }
  return undefined
}

/** Two starts at once make it once: the second waits for the first one's result. */
async function made(
  tool: Tool,
  maker: string,
  target: string,
  options: ResolveOptions,
): Promise<'built' | 'package' | 'cache'> {
  const { progress, signal, watchdog, environment } = options
  const cancel = signal ? { signal } : {}
  const lock = await waitForLock(`${target}.lock`, {
    waitMsMax: buildMsMax,
    onWait: pid => progress.note(`waiting for process ${pid}, which is making ${tool.name}`),
    ...cancel,
  })
  try {
    if (await isExecutableFile(join(target, tool.name))) return 'cache'
    if (!isGoTool(tool)) {
      const fetching = () => fetchDebianTool(tool, { target, environment, ...cancel })
      await progress.step(`fetching ${tool.name} from the package ${tool.debianPackage} (once)`, fetching)
      return 'package'
    }
    const building = () => buildTool(tool, { go: maker, target, environment, watchdog, ...cancel })
    await progress.step(`building ${tool.name} ${tool.version} (once, takes minutes)`, building)
    return 'built'
  } finally {
    await lock.release()
  }
}
