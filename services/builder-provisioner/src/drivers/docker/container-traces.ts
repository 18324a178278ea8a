import type { BuilderId } from '@forkproof/contracts/ids'
import { type BuilderNetwork, linkName } from '../../network/network.ts'
import { keptStateHolder } from '../disks/kept-state.ts'
import type { BuilderFolder, BuilderTrace } from './builder-folder.ts'
import { containerName } from './container-request.ts'
import type { EngineClient } from './engine-client.ts'
import { EngineUnreachable } from './engine-request.ts'
import { existingPaths, loopsBelow, mountsMentioning } from './host-traces.ts'
import { containerProcesses, isAlive } from './init-process.ts'

interface ContainerTraceDeps {
  readonly folder: BuilderFolder
  readonly engine: EngineClient
  readonly network: BuilderNetwork | undefined
}

/**
 * All that is left of a builder: what Docker says, and what the kernel says whether Docker answers or not. `trace`
 * names what to look for.
 * Docker can call a container gone whose processes run: docs/facts/buildkit.md#what-docker-does-not-list.
 */
export async function containerTracesOf(
  builderId: BuilderId,
  trace: BuilderTrace,
  { folder, engine, network }: ContainerTraceDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const files = [...trace.paths.filter(path => !isCgroup(path)), ...(trace.namespaceFile ? [trace.namespaceFile] : [])]
  const found = await Promise.all([
    containersOf(builderId, engine, signal),
    systemTracesOf(trace),
    existingPaths('cgroup', trace.paths.filter(isCgroup)),
    existingPaths('file', files),
    loopsBelow(`${folder.path}/`),
    mountsMentioning([`${folder.path}/`, ...trace.paths.filter(path => !isCgroup(path)), ...namespaceText(trace)]),
    heldState(trace, builderId),
    linksOf(builderId, network, signal),
    existingPaths('file', [folder.path]),
  ])
  return found.flat()
}

const isCgroup = (path: string): boolean => path.startsWith('/sys/fs/cgroup/')
const namespaceText = (trace: BuilderTrace): string[] => (trace.namespaceFile ? [trace.namespaceFile] : [])

async function containersOf(
  builderId: BuilderId,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const container = await engine.inspect(containerName(builderId), signal)
    return container === undefined ? [] : [`container ${containerName(builderId)}`]
  } catch (error) {
    if (!(error instanceof EngineUnreachable)) throw error
    return [`container ${containerName(builderId)}: unknown, the Docker daemon does not answer`]
  }
}

async function linksOf(
  builderId: BuilderId,
  network: BuilderNetwork | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const linked = (await network?.linked(signal)) ?? []
  return linked.includes(builderId) ? [`link ${linkName(builderId)}`] : []
}

async function systemTracesOf(trace: BuilderTrace): Promise<readonly string[]> {
  const processes = trace.containerId === undefined ? [] : await containerProcesses(trace.containerId)
  const lines = processes.map(({ pid, name }) => `process ${pid} ${name}`)
  const { init } = trace
  if (init === undefined || processes.some(({ pid }) => pid === init.pid) || !(await isAlive(init))) return lines
  return [...lines, `process ${init.pid} of the container`]
}

/** The lock counts as a trace while it says that this builder holds the state; the state itself does not. */
async function heldState(trace: BuilderTrace, builderId: BuilderId): Promise<readonly string[]> {
  if (trace.lock === undefined) return []
  return (await keptStateHolder(trace.lock)) === builderId ? [`file ${trace.lock}`] : []
}
