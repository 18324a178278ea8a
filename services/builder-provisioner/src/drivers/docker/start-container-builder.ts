import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@forkproof/infra/clock'
import { ifAbsent } from '../../host/absence.ts'
import type { BuilderNetwork } from '../../network/network.ts'
import { buildkitToml } from '../buildkit-toml.ts'
import { makeDiskImage } from '../disks/disk-image.ts'
import { ensureKeptImage, keptStateOf, takeKeptState } from '../disks/kept-state.ts'
import type { BuilderSpec } from '../driver.ts'
import { type BuilderFolder, type BuilderTrace, emptyTrace } from './builder-folder.ts'
import { checkContainerBoundary, deviceAt } from './container-boundary.ts'
import { containerPathsOf } from './container-paths.ts'
import { containerName, containerRequest, containerSocketName } from './container-request.ts'
import { mountDiskImage, unmountDisk } from './disk-mount.ts'
import { remappedRoot } from './docker-requirements.ts'
import type { EngineClient } from './engine-client.ts'
import { type InitProcess, initProcess, isAlive } from './init-process.ts'

const listenMsMax = 20_000
const pollMs = 10

interface StartContainerDeps {
  readonly engine: EngineClient
  readonly network: BuilderNetwork | undefined
  readonly clock: Clock
  readonly folder: BuilderFolder
  readonly cacheFolder: string
  readonly image: string
  readonly nodeId: string
  readonly holderExists: (holder: string) => Promise<boolean>
}

/**
 * Makes the builder up to the moment in which BuildKit listens; undoes nothing itself.
 * What it makes is in the folder's record before or with its making, so that all of it can be removed at any moment.
 */
export async function startContainerBuilder(
  spec: BuilderSpec,
  deps: StartContainerDeps,
  signal: AbortSignal,
): Promise<InitProcess> {
  const { engine, folder, network } = deps
  const info = await engine.info(signal)
  const owner = remappedRoot(info)
  if (owner === undefined) throw new Error('the Docker daemon has no user namespaces')
  const image = await engine.image(deps.image, signal)
  if (image === undefined) throw new Error(`there is no image ${deps.image}`)
  if (spec.egress === 'internet' && network === undefined) throw new Error('there is no way out for builders here')

  await folder.create(buildkitToml(spec, network?.nameservers ?? []), owner)
  let trace: BuilderTrace = { ...emptyTrace, network: spec.egress === 'internet' }
  const record = async (more: Partial<BuilderTrace>) => {
    trace = { ...trace, ...more }
    await folder.write(trace)
  }
  await mountDisk(spec, owner, deps, record, signal)
  const containerId = await engine.create(
    containerName(spec.builderId),
    containerRequest({
      spec,
      nodeId: deps.nodeId,
      imageId: image.Id,
      folders: { state: folder.mountPoint, socket: folder.socketFolder, config: folder.config },
      hasAppArmor: info.SecurityOptions?.some(option => option.includes('name=apparmor')) ?? false,
      nowMs: deps.clock.now(),
    }),
    signal,
  )
  await record({ containerId })
  signal.throwIfAborted()
  await engine.start(containerId, signal)
  const container = await engine.inspect(containerId, signal)
  const init = await initProcess(container?.State.Pid ?? 0)
  if (container === undefined || init === undefined) throw new Error('the container ended at once')
  await record({ init, ...(await containerPathsOf(container)) })
  await checkContainerBoundary(init.pid, { containerId, diskDevice: await deviceAt(folder.mountPoint) })
  // The container holds the disk now; the kernel releases it with the container's last process.
  await unmountDisk(folder.mountPoint, signal)
  if (spec.egress === 'internet') await network?.attach({ builderId: spec.builderId, pid: init.pid }, signal)
  await untilListening(folder, init, deps.clock, signal)
  return init
}

async function mountDisk(
  spec: BuilderSpec,
  owner: { readonly uid: number; readonly gid: number },
  { folder, cacheFolder, holderExists }: StartContainerDeps,
  record: (more: Partial<BuilderTrace>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const bytes = spec.limits.diskBytes
  const kept = keptStateOf(cacheFolder, spec, owner)
  if (kept === undefined) {
    await makeDiskImage(folder.image, { bytes, owner, journal: false, signal })
  } else {
    await record({ lock: kept.lock })
    await takeKeptState(kept, spec.builderId, holderExists)
    await ensureKeptImage(kept, { bytes, owner, signal })
  }
  await mountDiskImage(kept?.image ?? folder.image, folder.mountPoint, signal)
}

async function untilListening(
  folder: BuilderFolder,
  init: InitProcess,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = clock.now() + listenMsMax
  const path = join(folder.socketFolder, containerSocketName)
  while ((await lstat(path).catch(ifAbsent(undefined))) === undefined) {
    if (!(await isAlive(init))) throw new Error('BuildKit ended before it listened')
    if (clock.now() > deadlineMs) throw new Error(`BuildKit does not listen after ${listenMsMax} ms`)
    await clock.sleep(pollMs, signal)
  }
  await folder.sealSocketFolder()
  const socket = await lstat(path)
  if (!socket.isSocket()) throw new Error('there is something else than a socket where BuildKit listens')
}
