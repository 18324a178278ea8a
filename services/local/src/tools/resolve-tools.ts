import { locateTool, type ResolvedTool, type ToolRequest } from './locate-tool.ts'
import { makeTool, makingTitle, type ToolDeps } from './make-tool.ts'

/**
 * Finds every program, and makes those that are nowhere, one after the other: each build uses every core.
 * The answers have the order of the requests.
 * @throws ToolMissingError
 */
export async function resolveTools(requests: readonly ToolRequest[], deps: ToolDeps): Promise<readonly ResolvedTool[]> {
  const searches: Awaited<ReturnType<typeof locateTool>>[] = []
  for (const request of requests) searches.push(await locateTool(request, deps.environment, deps.signal))
  const steps = requests.flatMap(({ tool }, index) => {
    const search = searches[index]
    if (!search || !('tried' in search)) return []
    return [{ name: tool.name, title: makingTitle(tool), work: () => makeTool(tool, search.tried, deps) }]
  })
  const made = await deps.progress.inOrder(steps)
  return searches.flatMap(search => ('tried' in search ? made.splice(0, 1) : [search]))
}

/** One program. @throws ToolMissingError */
export async function resolveTool(request: ToolRequest, deps: ToolDeps): Promise<ResolvedTool> {
  const [resolved] = await resolveTools([request], deps)
  if (!resolved) throw new Error(`${request.tool.name} was not resolved`)
  return resolved
}
