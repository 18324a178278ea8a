import { hostPlatforms, ownPlatform } from '@forkproof/builder-provisioner/drivers/host-platforms'
import type { Platform } from '@forkproof/contracts/builder'
import type { Config } from '../config.ts'
import type { Watchdog } from '../processes/watchdog.ts'
import type { Progress } from '../tools/progress.ts'
import {
  buildctlTool,
  buildkitdTool,
  buildxTool,
  emulatedProbeTool,
  natsServerTool,
  probeTool,
  runcTool,
  type Tool,
  temporalTool,
  verifyTokenTool,
} from '../tools/tool-catalogue.ts'
import { resolveTool } from '../tools/tool-resolver.ts'

interface Finding {
  readonly config: Config
  readonly progress: Progress
  readonly watchdog: Watchdog
  readonly signal?: AbortSignal
}

/** Paths of the external programs that the system starts or hands to its services. */
export interface Programs {
  readonly temporal: string
  readonly natsServer: string
  readonly buildkitd: string
  readonly buildctl: string
  readonly runc: string
  readonly probe: string
  /** The probe for the platform that is emulated here, if one is. */
  readonly probeEmulated?: string
}
/** More clients, for tests only. */
export interface TestPrograms extends Programs {
  readonly verifyToken: string
  readonly buildx: string
  readonly probeEmulated: string
}

/** What every start needs. Makes what is missing, one after the other: each build uses every core. */
export async function findPrograms(finding: Finding): Promise<Programs> {
  const { config } = finding
  const natsServer = await find(natsServerTool, config.natsServerPath, finding)
  const runc = await find(runcTool, config.runcPath, finding)
  const probe = await find(probeTool(), config.probePath, finding)
  const buildkitd = await find(buildkitdTool, config.buildkitdPath, finding)
  const buildctl = await find(buildctlTool, config.buildctlPath, finding)
  const temporal = await find(temporalTool, config.temporalPath, finding)
  const emulated = (await hostPlatforms(process.arch, config.binfmtFolder)).find(one => one.emulated)
  const probes = emulated ? { probe, probeEmulated: await findEmulatedProbe(emulated.platform, finding) } : { probe }
  return { natsServer, temporal, buildkitd, buildctl, runc, ...probes }
}

/** Not built by a machine that emulates nothing: a little time and space for nothing. */
const findEmulatedProbe = (platform: Platform, finding: Finding) =>
  find(emulatedProbeTool(platform), finding.config.probeEmulatedPath, finding)

/** What the suites have emulated. */
export const foreignPlatform: Platform = ownPlatform(process.arch) === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64'

export async function findTestPrograms(finding: Finding): Promise<TestPrograms> {
  const programs = await findPrograms(finding)
  const verifyToken = await find(verifyTokenTool(), finding.config.verifyTokenPath, finding)
  const probeEmulated = await findEmulatedProbe(foreignPlatform, finding)
  const buildx = await find(buildxTool, finding.config.buildxPath, finding)
  return { ...programs, verifyToken, buildx, probeEmulated }
}

async function find(tool: Tool, explicitPath: string | undefined, finding: Finding): Promise<string> {
  const { config, progress, watchdog, signal } = finding
  const options = { explicitPath, environment: config.toolEnvironment, progress, watchdog }
  return (await resolveTool(tool, { ...options, ...(signal && { signal }) })).path
}
