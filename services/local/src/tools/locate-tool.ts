import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { findOnSearchPath, inspectTool, isExecutableFile } from './installed-tool.ts'
import type { Tool } from './tool-catalogue.ts'
import { ToolMissingError } from './tool-missing-error.ts'

export interface ToolRequest {
  readonly tool: Tool
  /** Value of the tool's own setting, if the user gave one. Then nothing else is tried. */
  readonly explicitPath?: string | undefined
}

export interface ResolvedTool {
  readonly name: string
  readonly path: string
  readonly version: string
  readonly source: 'setting' | 'search path' | 'cache' | 'built' | 'package'
}

export type ToolEnvironment = Readonly<Record<string, string | undefined>>

/** $XDG_CACHE_HOME/forkproof/tools, or the same under ~/.cache. The XDG specification has relative values ignored. */
export function toolCacheFolder(environment: ToolEnvironment): string {
  const { XDG_CACHE_HOME: configured, HOME: home } = environment
  const base = configured && isAbsolute(configured) ? configured : join(home || homedir(), '.cache')
  return join(base, 'forkproof', 'tools')
}

/** The folder in the cache that the tool is made in, under its own name. */
export const cachedFolder = (tool: Tool, environment: ToolEnvironment): string =>
  join(toolCacheFolder(environment), tool.name, tool.version)

/**
 * Looks for the program in the user's setting, then on PATH, then in the cache. Makes nothing.
 * Returns where it was looked for in vain when it is not there.
 * @throws ToolMissingError for a setting that names a program that does not fit
 */
export async function locateTool(
  { tool, explicitPath }: ToolRequest,
  environment: ToolEnvironment,
  signal?: AbortSignal,
): Promise<ResolvedTool | { readonly tried: readonly string[] }> {
  const cached = join(cachedFolder(tool, environment), tool.name)
  if (explicitPath) return fromSetting(tool, explicitPath, cached, signal)
  const tried = [`${tool.setting} is not set`]
  const installed = await fromSearchPath(tool, environment, tried, signal)
  if (installed) return installed
  if (await isExecutableFile(cached)) return { name: tool.name, path: cached, version: tool.version, source: 'cache' }
  return { tried: [...tried, `${cached} does not exist`] }
}

/** What the user named is used or refused, never silently replaced by something else. */
async function fromSetting(tool: Tool, path: string, cached: string, signal?: AbortSignal): Promise<ResolvedTool> {
  const inspection = await inspectTool(tool, path, signal)
  if (!inspection.fits) throw new ToolMissingError(tool, [`${tool.setting}: ${path} ${inspection.why}`], cached)
  return { name: tool.name, path, version: inspection.version, source: 'setting' }
}

async function fromSearchPath(
  tool: Tool,
  environment: ToolEnvironment,
  tried: string[],
  signal?: AbortSignal,
): Promise<ResolvedTool | undefined> {
  if (!tool.installed) return undefined
  const candidates = await findOnSearchPath(tool.name, environment['PATH'] ?? '')
  if (candidates.length === 0) tried.push(`there is no ${tool.name} on PATH`)
  for (const path of candidates) {
    const inspection = await inspectTool(tool, path, signal)
    if (inspection.fits) return { name: tool.name, path, version: inspection.version, source: 'search path' }
    tried.push(`PATH: ${path} ${inspection.why}`)
  }
  return undefined
}
