import type { Config } from '../config.ts'
import type { Watchdog } from '../processes/watchdog.ts'
import type { Progress } from '../tools/progress.ts'
import { natsServerTool, type Tool, temporalTool, verifyTokenTool } from '../tools/tool-catalogue.ts'
import { resolveTool } from '../tools/tool-resolver.ts'

interface Finding {
  readonly config: Config
  readonly progress: Progress
  readonly watchdog: Watchdog
  readonly signal?: AbortSignal
}

/** The two servers every start needs. Builds what is missing, one after the other: each build uses every core. */
export async function findServers(finding: Finding): Promise<{ temporal: string; natsServer: string }> {
  const natsServer = await find(natsServerTool, finding.config.natsServerPath, finding)
  return { natsServer, temporal: await find(temporalTool, finding.config.temporalPath, finding) }
}

/** The independent verifier of the tests. */
export const findVerifyToken = (finding: Finding): Promise<string> =>
  find(verifyTokenTool(), finding.config.verifyTokenPath, finding)

async function find(tool: Tool, explicitPath: string | undefined, finding: Finding): Promise<string> {
  const { config, progress, watchdog, signal } = finding
  const options = { explicitPath, environment: config.toolEnvironment, progress, watchdog }
  return (await resolveTool(tool, { ...options, ...(signal && { signal }) })).path
}
