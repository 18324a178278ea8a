import { join } from 'node:path'
import { waitForLock } from '../processes/process-lock.ts'
import type { Watchdog } from '../processes/watchdog.ts'
import { fetchDebianTool } from './debian-package.ts'
import { buildTool, goBuildMsMax } from './go-build.ts'
import { findOnSearchPath, isExecutableFile } from './installed-tool.ts'
import { cachedFolder, type ResolvedTool, type ToolEnvironment } from './locate-tool.ts'
import type { Progress } from './progress.ts'
import { isGoTool, type Tool } from './tool-catalogue.ts'
import { ToolMissingError } from './tool-missing-error.ts'

export interface ToolDeps {
  /** PATH, HOME and XDG_CACHE_HOME are read from it; `go build` runs in it. */
  readonly environment: ToolEnvironment
  readonly progress: Progress
  readonly watchdog: Watchdog
  readonly signal?: AbortSignal
}

/** The program that makes the tool. */
export const makerOf = (tool: Tool): 'go' | 'apt-get' => (isGoTool(tool) ? 'go' : 'apt-get')

export const makingTitle = (tool: Tool): string =>
  isGoTool(tool)
    ? `building ${tool.name} ${tool.version}`
    : `fetching ${tool.name} from the package ${tool.debianPackage}`

/** Builds or fetches what was looked for in vain, into the cache. @throws ToolMissingError */
export async function makeTool(tool: Tool, tried: readonly string[], deps: ToolDeps): Promise<ResolvedTool> {
  const { environment, signal } = deps
  const target = cachedFolder(tool, environment)
  const path = join(target, tool.name)
  const maker = makerOf(tool)
  const program = (await findOnSearchPath(maker, environment['PATH'] ?? ''))[0]
  if (program === undefined)
    throw new ToolMissingError(tool, [...tried, `it cannot be made here: there is no ${maker} on PATH`], path)
  try {
    return { name: tool.name, path, version: tool.version, source: await makeOnce(tool, program, target, deps) }
  } catch (err) {
    if (signal?.aborted) throw signal.reason
    throw new ToolMissingError(tool, [...tried, `making it with ${maker} failed: ${(err as Error).message}`], path)
  }
}

/** Two starts at once make it once: the second waits for the first one's result. */
async function makeOnce(
  tool: Tool,
  maker: string,
  target: string,
  deps: ToolDeps,
): Promise<'built' | 'package' | 'cache'> {
  const { progress, signal, watchdog, environment } = deps
  const cancel = signal ? { signal } : {}
  const lock = await waitForLock(`${target}.lock`, {
    waitMsMax: goBuildMsMax,
    onWait: pid => progress.note(`waiting for process ${pid}, which is making ${tool.name}`),
    ...cancel,
  })
  try {
    if (await isExecutableFile(join(target, tool.name))) return 'cache'
    if (!isGoTool(tool)) {
      await fetchDebianTool(tool, { target, environment, ...cancel })
      return 'package'
    }
    await buildTool(tool, { go: maker, target, environment, watchdog, ...cancel })
    return 'built'
  } finally {
    await lock.release()
  }
}
