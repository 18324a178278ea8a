import { hostPlatforms, ownPlatform } from '@forkproof/builder-provisioner/drivers/host-platforms'
import type { Platform } from '@forkproof/contracts/builder'
import type { LocalConfig } from '../config.ts'
import { locateTool, type ToolRequest } from '../tools/locate-tool.ts'
import type { ToolDeps } from '../tools/make-tool.ts'
import { resolveTools } from '../tools/resolve-tools.ts'
import {
  actionlintTool,
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
  readonly actionlint: string
  readonly buildx: string
  readonly probeEmulated: string
}
type ProgramName = keyof TestPrograms

const startPrograms = ['natsServer', 'runc', 'probe', 'buildkitd', 'buildctl', 'temporal'] as const
const testPrograms = [...startPrograms, 'verifyToken', 'actionlint', 'probeEmulated', 'buildx'] as const
const serverPrograms = ['natsServer', 'temporal', 'verifyToken', 'actionlint'] as const
/** These suites start neither builders nor clients that build. */
const suitesWithoutBuilders = ['claims', 'bus', 'signing', 'servers', 'workflows', 'deployment']

/** What the suites have emulated. */
const foreignPlatform: Platform = ownPlatform(process.arch) === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64'

/** The emulated probe is left out where nothing is emulated, to save its build. */
export async function programsOfStart({ binfmtFolder }: LocalConfig): Promise<readonly ProgramName[]> {
  const emulates = (await hostPlatforms(process.arch, binfmtFolder)).some(({ emulated }) => emulated)
  return emulates ? [...startPrograms, 'probeEmulated'] : startPrograms
}

/** The suites are those of services/e2e. */
export const programsOfSuites = (suites: readonly string[]): readonly ProgramName[] =>
  suites.every(suite => suitesWithoutBuilders.includes(suite)) ? serverPrograms : testPrograms

type FindDeps = Omit<ToolDeps, 'environment'>

/** What a start needs. Makes what is missing. @throws ToolMissingError */
export async function findPrograms(config: LocalConfig, deps: FindDeps): Promise<Programs> {
  const names = await programsOfStart(config)
  return names.includes('probeEmulated')
    ? find([...startPrograms, 'probeEmulated'], config, deps)
    : find(startPrograms, config, deps)
}

/** What the suites need; the paths of other programs lead nowhere. @throws ToolMissingError */
export async function findTestPrograms(
  suites: readonly string[],
  config: LocalConfig,
  deps: FindDeps,
): Promise<TestPrograms> {
  const nowhere = Object.fromEntries(
    testPrograms.map(name => [name, `/nonexistent/${name}-not-needed-by-these-suites`]),
  )
  return { ...(nowhere as Record<ProgramName, string>), ...(await find(programsOfSuites(suites), config, deps)) }
}

/**
 * Tools that neither a setting, PATH nor the cache has.
 * @throws ToolMissingError for a setting that names no such program
 */
export async function missingTools(names: readonly ProgramName[], config: LocalConfig): Promise<readonly Tool[]> {
  const requests = requestsOf(config)
  const missing: Tool[] = []
  for (const name of names) {
    if ('tried' in (await locateTool(requests[name], config.toolEnvironment))) missing.push(requests[name].tool)
  }
  return missing
}

async function find<Name extends ProgramName>(
  names: readonly Name[],
  config: LocalConfig,
  deps: FindDeps,
): Promise<Record<Name, string>> {
  const requests = requestsOf(config)
  const wanted = names.map(name => requests[name])
  const resolved = await resolveTools(wanted, { ...deps, environment: config.toolEnvironment })
  return Object.fromEntries(names.map((name, index) => [name, resolved[index]?.path])) as Record<Name, string>
}

const requestsOf = (config: LocalConfig): Readonly<Record<ProgramName, ToolRequest>> => ({
  natsServer: { tool: natsServerTool, explicitPath: config.natsServerPath },
  runc: { tool: runcTool, explicitPath: config.runcPath },
  probe: { tool: probeTool(), explicitPath: config.probePath },
  buildkitd: { tool: buildkitdTool, explicitPath: config.buildkitdPath },
  buildctl: { tool: buildctlTool, explicitPath: config.buildctlPath },
  temporal: { tool: temporalTool, explicitPath: config.temporalPath },
  verifyToken: { tool: verifyTokenTool(), explicitPath: config.verifyTokenPath },
  actionlint: { tool: actionlintTool, explicitPath: config.actionlintPath },
  probeEmulated: { tool: emulatedProbeTool(foreignPlatform), explicitPath: config.probeEmulatedPath },
  buildx: { tool: buildxTool, explicitPath: config.buildxPath },
})
