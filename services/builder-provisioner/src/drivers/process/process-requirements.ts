import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BuilderId } from '@forkproof/contracts/ids'
import { findProgram } from '../../host/find-program.ts'
import type { MissingPart } from '../../host/missing-part.ts'
import { ProgramError, runSystemProgram } from '../../host/run-program.ts'
import { excessOfSocketPath } from '../../host/socket-path.ts'
import { BuilderFiles } from './builder-files.ts'
import { findHierarchies } from './cgroup-hierarchies.ts'
import { type UserRanges, usersPerBuilder } from './user-ranges.ts'

interface ProcessNeeds {
  readonly stateFolder: string
  readonly programs: { readonly buildkitd: string; readonly runc: string }
  readonly users: UserRanges
}

/** Programs of the system by their Debian packages. */
const packagesOfPrograms: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  losetup: 'mount',
  pivot_root: 'util-linux',
  timeout: 'coreutils',
  mkfifo: 'coreutils',
  'mkfs.ext4': 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  ip: 'iproute2',
}

/** What the machine lacks for builders without egress, each with how to get it; empty when they can be made. */
export async function missingForProcesses(
  { stateFolder, programs, users }: ProcessNeeds,
  signal: AbortSignal,
): Promise<readonly MissingPart[]> {
  if (process.platform !== 'linux') return [{ what: 'Linux', howToGet: 'run the provisioner on Linux' }]
  if (process.getuid?.() !== 0) {
    return [
      { what: 'root, to make namespaces, cgroups and disks for builders', howToGet: 'run the provisioner as root' },
    ]
  }
  const parts = await Promise.all([
    missingPrograms(programs),
    missingCgroups(),
    missingLoop(),
    oddPath(stateFolder),
    tooHigh(users),
    missingUserNamespaces(),
  ])
  const found = parts.flat()
  return found.length > 0 ? found : missingNamespaces(signal)
}

async function missingPrograms({ buildkitd, runc }: ProcessNeeds['programs']): Promise<MissingPart[]> {
  const named = Object.entries(packagesOfPrograms).map(
    ([program, name]) => [program, `apt-get install ${name}`] as const,
  )
  const all = [
    ...named,
    [buildkitd, 'install BuildKit, and set FORKPROOF_PROVISIONER_BUILDKITD_PATH'] as const,
    [runc, 'apt-get install runc, and set FORKPROOF_PROVISIONER_RUNC_PATH'] as const,
  ]
  const found = all.map(async ([program, howToGet]) =>
    (await findProgram(program)) === undefined ? [{ what: `the program ${program}`, howToGet }] : [],
  )
  return (await Promise.all(found)).flat()
}

async function missingCgroups(): Promise<MissingPart[]> {
  const { found, missing } = await findHierarchies()
  const parts = missing.map(name => ({
    what: `the cgroup controller ${name}`,
    howToGet: 'mount cgroups with it (version 1 or 2), or boot a kernel that has it',
  }))
  const table = await readFile('/proc/self/mounts', 'utf8')
  for (const { mountPoint } of found) {
    const options =
      table
        .split('\n')
        .find(line => line.split(' ')[1] === mountPoint)
        ?.split(' ')[3] ?? ''
    if (!options.split(',').includes('rw')) {
      parts.push({
        what: `cgroups that can be written at ${mountPoint}`,
        howToGet: `mount -o remount,rw ${mountPoint}`,
      })
    }
  }
  return parts
}

async function missingLoop(): Promise<MissingPart[]> {
  const present = await stat('/dev/loop-control').catch(() => undefined)
  const howToGet = 'modprobe loop; in a container, give it /dev/loop-control and the loop devices'
  return present ? [] : [{ what: 'loop devices, for builders’ disks', howToGet }]
}

async function missingUserNamespaces(): Promise<MissingPart[]> {
  const max = await readFile('/proc/sys/user/max_user_namespaces', 'utf8').catch(() => '0')
  if (Number(max) > 0) return []
  return [
    { what: 'user namespaces', howToGet: 'sysctl -w user.max_user_namespaces=15000, with a kernel that has them' },
  ]
}

async function tooHigh({ first, count }: UserRanges): Promise<MissingPart[]> {
  // The last number means "no user" to the kernel.
  if (first + count * usersPerBuilder < 2 ** 32) return []
  return [
    { what: 'user ids for builders', howToGet: 'name fewer ranges, or a lower first user: ids end at 4294967294' },
  ]
}

async function oddPath(stateFolder: string): Promise<MissingPart[]> {
  if (!/^[A-Za-z0-9/._+@-]*$/.test(stateFolder)) {
    // buildctl and others take a socket as a URL.
    const howToGet = 'name a state folder whose path has only letters, digits and / . _ + @ -'
    return [{ what: 'a plainer path of the state folder', howToGet }]
  }
  const { socketPath } = new BuilderFiles(join(stateFolder, 'builders'), BuilderId.parse('baaaaaaaaaaa'))
  const excess = excessOfSocketPath(socketPath)
  if (excess === 0) return []
  return [
    { what: 'a shorter path of the state folder', howToGet: `name a state folder that is ${excess} bytes shorter` },
  ]
}

/** Tried for real: what a container or a security module forbids shows only then. */
async function missingNamespaces(signal: AbortSignal): Promise<MissingPart[]> {
  const outer = ['--mount', '--net', '--ipc', '--uts', '--cgroup', '--pid', '--fork', '--kill-child=KILL']
  try {
    await runSystemProgram('unshare', [...outer, 'unshare', '--user', '--keep-caps', '--mount', 'true'], { signal })
    return []
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error
    const howToGet =
      'run the provisioner outside of containers, or in one that may make namespaces (SYS_ADMIN, no seccomp or AppArmor filter against it)'
    return [{ what: `namespaces (${error.message})`, howToGet }]
  }
}
