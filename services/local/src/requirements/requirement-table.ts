/**
 * What the machine must have, as opposed to the tools that this project builds for itself (tools/tool-catalogue.ts).
 * A row lists the suites that fail without it. `start` is both the suite of that name and `npm start` with builders.
 */
interface SystemProgram {
  readonly program: string
  /** The package that has it in Debian and Ubuntu. */
  readonly debianPackage: string
  /** What it is used for; continues "<program>: ". */
  readonly purpose: string
  readonly suites: readonly string[]
}

const withBuilders = ['builders', 'builds', 'start'] as const

export const systemPrograms: readonly SystemProgram[] = [
  row('bash', 'bash', 'runs the steps of simulated jobs', ['github-simulator', 'claims', ...withBuilders]),
  row('git', 'git', 'lists the files that the layout rules hold for', ['layout']),
  row('unshare', 'util-linux', 'makes the namespaces of a builder', withBuilders),
  row('nsenter', 'util-linux', 'enters the namespaces of a builder', withBuilders),
  row('setpriv', 'util-linux', 'ends a builder together with its provisioner', withBuilders),
  row('pivot_root', 'util-linux', 'gives a builder its own root folder', withBuilders),
  row('mount', 'mount', 'mounts the disks of builders', withBuilders),
  row('umount', 'mount', 'unmounts the disks of builders', withBuilders),
  row('losetup', 'mount', 'attaches the disks of builders', withBuilders),
  row('mkfs.ext4', 'e2fsprogs', 'formats the disks of builders', withBuilders),
  row('e2fsck', 'e2fsprogs', 'checks the disks of builders', withBuilders),
  row('ip', 'iproute2', 'makes the links of builders', withBuilders),
  row('sysctl', 'procps', 'switches on forwarding in a test network', ['builders']),
  row('nft', 'nftables', 'filters what builders reach', ['builders']),
  row('dockerd', 'docker.io', 'is started by the suites of the Docker driver, for themselves only', [
    'builders',
    'builds',
  ]),
  row('tar', 'tar', 'packs the builder image of the Docker driver', ['builders', 'builds']),
  row('openssl', 'openssl', 'makes and checks test certificates', ['builders', 'builds']),
  row('qemu-aarch64-static', 'qemu-user-static', 'runs builds for linux/arm64', ['builders', 'builds']),
]

function row(program: string, debianPackage: string, purpose: string, suites: readonly string[]): SystemProgram {
  return { program, debianPackage, purpose, suites }
}

export const kernelFactNames = ['root', 'loop', 'cgroups', 'namespaces', 'binfmt'] as const
export type KernelFactName = (typeof kernelFactNames)[number]

/** What no package brings. */
interface KernelFact {
  readonly what: string
  readonly purpose: string
  readonly howToGet: string
  readonly suites: readonly string[]
}

export const kernelFacts: Readonly<Record<KernelFactName, KernelFact>> = {
  root: {
    what: 'root',
    purpose: 'builders get user ids, cgroups and disks of their own',
    howToGet: 'run the command as root',
    suites: withBuilders,
  },
  loop: {
    what: 'loop devices',
    purpose: 'the disk of a builder is a file',
    howToGet: 'modprobe loop; give a container /dev/loop-control and the loop devices',
    suites: withBuilders,
  },
  cgroups: {
    what: 'cgroups that can be written',
    purpose: 'they limit and end builders',
    howToGet: 'mount cgroups of version 1 or 2 read-write at /sys/fs/cgroup',
    suites: withBuilders,
  },
  namespaces: {
    what: 'namespaces',
    purpose: 'they isolate builders',
    howToGet:
      'run outside of containers, or in one with SYS_ADMIN and without a seccomp or AppArmor filter against unshare',
    suites: withBuilders,
  },
  binfmt: {
    what: 'binfmt_misc in the kernel',
    purpose: 'it lets QEMU run programs for linux/arm64',
    howToGet: 'modprobe binfmt_misc',
    suites: ['builders', 'builds'],
  },
}
