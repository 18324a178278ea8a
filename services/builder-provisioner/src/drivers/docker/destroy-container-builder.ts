import { stat, unlink } from 'node:fs/promises'
import type { BuilderId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { ifAbsent } from '../../host/absence.ts'
import type { BuilderNetwork } from '../../network/network.ts'
import { leaveKeptState } from '../disks/kept-state.ts'
import type { BuilderFolder, BuilderTrace } from './builder-folder.ts'
import { containerName } from './container-request.ts'
import { containerTracesOf } from './container-traces.ts'
import { unmountDisk } from './disk-mount.ts'
import type { EngineClient } from './engine-client.ts'
import { EngineUnreachable } from './engine-request.ts'
import { containerProcesses, killInit } from './init-process.ts'

const pollMs = 20
/** The kernel releases the last mount and cgroup a moment after the last process. Far above what was ever measured. */
const settleMsMax = 8_000

interface DestroyContainerDeps {
  readonly folder: BuilderFolder
  readonly engine: EngineClient
  readonly network: BuilderNetwork | undefined
  readonly clock: Clock
}

/**
 * Ends the builder and removes everything of it.
 * The processes die first and without Docker, so a dead daemon delays the clean-up and not the end. The folder goes
 * last: until then the builder is found again.
 * @throws with what is left
 */
export async function destroyContainerBuilder(
  builderId: BuilderId,
  trace: BuilderTrace,
  deps: DestroyContainerDeps,
  signal: AbortSignal,
): Promise<void> {
  const { folder, network, clock } = deps
  const { lock, ...unlocked } = trace
  await killContainerProcesses(trace)
  let problem = await removeContainer(builderId, deps, signal)
  // Cleared also while Docker is away: it stands on the kernel alone.
  if (trace.network) await network?.detach(builderId, signal)
  const deadlineMs = clock.now() + settleMsMax
  for (;;) {
    // Each time: a namespace that was being made while we looked shows only afterwards.
    await unmountDisk(folder.mountPoint, signal)
    if (problem === undefined && trace.namespaceFile !== undefined) await removeNamespaceStub(trace.namespaceFile)
    const left = await containerTracesOf(builderId, unlocked, deps, signal)
    const own = `file ${folder.path}`
    if (left.every(one => one === own)) break
    if (problem !== undefined || clock.now() > deadlineMs) {
      const rest = left.filter(one => one !== own).join(', ')
      throw new Error(`builder ${builderId} is not gone: ${rest}`, problem === undefined ? {} : { cause: problem })
    }
    await clock.sleep(pollMs, signal)
    // A daemon that died while it made the container may have made it after all.
    if (left.some(one => one.startsWith('container '))) problem = await removeContainer(builderId, deps, signal)
  }
  if (lock !== undefined) await leaveKeptState(lock, builderId)
  await folder.remove()
}

async function killContainerProcesses(trace: BuilderTrace): Promise<void> {
  if (trace.init !== undefined) return killInit(trace.init)
  if (trace.containerId === undefined) return
  // Started, but never seen to be: found by its cgroup. The shim stays, Docker needs it to tidy up.
  for (const found of await containerProcesses(trace.containerId)) {
    if (!found.name.startsWith('containerd-shim')) await killInit(found)
  }
}

/** Undefined when the container is gone, else why it could not be removed now. */
async function removeContainer(
  builderId: BuilderId,
  { engine, clock }: DestroyContainerDeps,
  signal: AbortSignal,
): Promise<unknown> {
  const deadlineMs = clock.now() + settleMsMax
  try {
    while (!(await engine.remove(containerName(builderId), signal))) {
      if (clock.now() > deadlineMs) return new Error('a removal of the container is under way and does not end')
      await clock.sleep(pollMs, signal)
    }
    return undefined
  } catch (error) {
    if (signal.aborted || !(error instanceof EngineUnreachable)) throw error
    return error
  }
}

/**
 * Removes the empty file that the container's network namespace was bound to. libnetwork's own collector would do so
 * within a minute, and ignores an absent file: docs/facts/buildkit.md#leftovers.
 * A file whose namespace is still bound is not empty and stays.
 */
async function removeNamespaceStub(path: string): Promise<void> {
  const found = await stat(path).catch(ifAbsent(undefined))
  if (found === undefined || !found.isFile() || found.size > 0) return
  await unlink(path).catch(() => {
    // Still bound: shows in the inventory.
  })
}
