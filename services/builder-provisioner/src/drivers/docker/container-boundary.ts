import { readFile, readlink } from 'node:fs/promises'
import { capabilityMask, containerPaths } from './container-request.ts'

/**
 * Reads from the kernel what separates the builder, after the start. A daemon that ignores a part of the request, or
 * whose mounts are not ours, would give a weaker builder without an error.
 * `diskDevice` is `<major>:<minor>` of the mounted disk image.
 * @throws with the part that is missing
 */
export async function checkContainerBoundary(
  pid: number,
  { containerId, diskDevice }: { containerId: string; diskDevice: string },
) {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8')
  const [uidMap, status, mounts, cgroups, network, ownNetwork] = await Promise.all([
    read('uid_map'),
    read('status'),
    read('mountinfo'),
    read('cgroup'),
    readlink(`/proc/${pid}/ns/net`),
    readlink('/proc/self/ns/net'),
  ])
  const demand = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`the container is not bounded as asked: ${what}`)
  }
  demand(
    cgroups.includes(containerId),
    'its first process is not where Docker says, or in another pid namespace than ours',
  )
  demand(!/^\s*0\s+0\s/m.test(uidMap), 'its root is the root of the machine')
  demand(/^NoNewPrivs:\t1$/m.test(status), 'new privileges can be gained')
  const held = BigInt(`0x${/^CapBnd:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? 'f'.repeat(16)}`)
  demand((held & ~capabilityMask) === 0n, 'it may gain capabilities that were dropped')
  demand(/^Seccomp:\t2$/m.test(status), 'system calls are not filtered')
  demand(network !== ownNetwork, 'it shares the network of the machine')
  const disk = mounts.split('\n').find(line => line.split(' ')[4] === containerPaths.state)
  demand(
    disk?.split(' ')[2] === diskDevice,
    'its disk is not the bounded image: mounts of this process must be seen by the Docker daemon (same mount namespace, or shared propagation)',
  )
}

/** `<major>:<minor>` of what is mounted there, for this process. @throws when nothing is */
export async function deviceAt(mountPoint: string): Promise<string> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const device = table
    .split('\n')
    .findLast(line => line.split(' ')[4] === mountPoint)
    ?.split(' ')[2]
  if (device === undefined) throw new Error(`nothing is mounted at ${mountPoint}`)
  return device
}
