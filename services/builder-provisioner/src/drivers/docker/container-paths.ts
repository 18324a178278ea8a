import { dirname } from 'node:path'
import type { BuilderTrace } from './builder-folder.ts'
import type { EngineContainer } from './engine-client.ts'
import { cgroupFolders } from './host-traces.ts'
import { cgroupsOf } from './init-process.ts'

/**
 * Where Docker put what belongs to the container: the cgroups of its first process, its layers, its own files, its
 * network namespace.
 */
export async function containerPathsOf(
  container: EngineContainer,
): Promise<Pick<BuilderTrace, 'containerId' | 'paths' | 'namespaceFile'>> {
  const upper = container.GraphDriver.Data?.['UpperDir']
  const layer = upper === undefined ? [] : [dirname(upper), `${dirname(upper)}-init`]
  const files = container.ResolvConfPath === '' ? [] : [dirname(container.ResolvConfPath)]
  const cgroups = container.State.Running ? await cgroupFolders(await cgroupsOf(container.State.Pid)) : []
  const { SandboxKey } = container.NetworkSettings
  return {
    containerId: container.Id,
    paths: [...cgroups, ...layer, ...files],
    ...(SandboxKey !== '' && { namespaceFile: SandboxKey }),
  }
}
