import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram } from '../../host/find-program.ts'
import type { MissingPart } from '../../host/missing-part.ts'
import { excessOfSocketPath } from '../../host/socket-path.ts'
import { containerSocketName } from './container-request.ts'
import type { EngineClient, EngineInfo } from './engine-client.ts'
import { EngineUnreachable } from './engine-request.ts'

const neededPrograms: readonly { name: string; debianPackage: string }[] = [
  { name: 'mount', debianPackage: 'mount' },
  { name: 'umount', debianPackage: 'mount' },
  { name: 'mkfs.ext4', debianPackage: 'e2fsprogs' },
  { name: 'e2fsck', debianPackage: 'e2fsprogs' },
]

/**
 * The container's root in the machine's numbers; undefined for a daemon without user namespaces.
 * The daemon names its data folder after them.
 */
export function remappedRoot(info: EngineInfo): { readonly uid: number; readonly gid: number } | undefined {
  if (!info.SecurityOptions?.some(option => option.split(',').includes('name=userns'))) return undefined
  const [, uid, gid] = /\/([0-9]+)\.([0-9]+)$/.exec(info.DockerRootDir) ?? []
  return uid === undefined || gid === undefined || uid === '0' ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** Everything that a bounded builder needs. Nothing here has a weaker substitute. */
export async function missingForDocker(
  { engine, image, builders }: { engine: EngineClient; image: string; builders: string },
  signal: AbortSignal,
): Promise<readonly MissingPart[]> {
  const missing: MissingPart[] = []
  const excess = excessOfSocketPath(join(builders, 'baaaaaaaaaaa/socket', containerSocketName))
  if (excess > 0)
    missing.push({
      what: 'a shorter path of the state folder',
      howToGet: `name a state folder that is ${excess} bytes shorter`,
    })
  if (process.getuid?.() !== 0)
    missing.push({
      what: 'root',
      howToGet: 'run the provisioner as root: it mounts disks and reads what the kernel knows of builders',
    })
  for (const { name, debianPackage } of neededPrograms) {
    if ((await findProgram(name)) === undefined)
      missing.push({ what: `the program ${name}`, howToGet: `apt-get install ${debianPackage}` })
  }
  if (
    !(await stat('/dev/loop-control').then(
      () => true,
      () => false,
    ))
  )
    missing.push({ what: 'loop devices', howToGet: 'modprobe loop' })
  return [...missing, ...(await missingInDocker(engine, image, signal))]
}

async function missingInDocker(
  engine: EngineClient,
  image: string,
  signal: AbortSignal,
): Promise<readonly MissingPart[]> {
  try {
    const info = await engine.info(signal)
    const options = info.SecurityOptions?.flatMap(option => option.split(',')) ?? []
    const present = await engine.image(image, signal)
    return [
      ...(remappedRoot(info) === undefined ? [userNamespaces] : []),
      ...(options.includes('name=seccomp') ? [] : [seccompFilter]),
      ...(info.MemoryLimit && info.PidsLimit && info.CpuCfsQuota ? [] : [cgroupLimits]),
      ...(present === undefined ? [{ what: `the image ${image}`, howToGet: `docker pull ${image}` }] : []),
    ]
  } catch (error) {
    if (!(error instanceof EngineUnreachable)) throw error
    return [
      {
        what: 'a Docker daemon',
        howToGet: 'apt-get install docker.io, or point the setting to the socket of a running one',
      },
    ]
  }
}

const userNamespaces: MissingPart = {
  what: 'user namespaces in the Docker daemon',
  howToGet: 'start dockerd with --userns-remap=default, or set "userns-remap": "default" in /etc/docker/daemon.json',
}
const seccompFilter: MissingPart = {
  what: 'seccomp in the Docker daemon',
  howToGet: 'use a kernel and a dockerd that are built with seccomp',
}
const cgroupLimits: MissingPart = {
  what: 'limits of memory, processes and CPU in the Docker daemon',
  howToGet: 'mount the memory, pids and cpu cgroup controllers',
}
