import { basename, join } from 'node:path'
import type { Hierarchy } from './cgroup-hierarchies.ts'

const temporaryBytesMax = 64 * 1024 * 1024

export interface MountOptions {
  /** Where the builder's root is put together. */
  readonly root: string
  /** Folders and files that every builder's root has; mount points for the rest. */
  readonly template: string
  readonly etc: string
  readonly socketFolder: string
  readonly disk: string
  /** The disk outlives the builder. */
  readonly kept: boolean
  readonly firstUser: number
  /** Machine's folders and files that are shown as they are, by their path in the builder. */
  readonly shown: Readonly<Record<string, string>>
  readonly devices: readonly string[]
  readonly hierarchies: readonly Hierarchy[]
}

/**
 * Everything that a builder sees of files, in this order, for `mount --all`.
 * Nothing of it is writable but its own disk, its socket's folder and bounded memory. Pure.
 */
export function mountTable(options: MountOptions): string {
  const { root, template, etc, socketFolder, disk, kept, firstUser, shown, devices, hierarchies } = options
  const line = (source: string, target: string, type: string, options: string) =>
    `${[source, join(root, target), type, options].map(escaped).join(' ')} 0 0`
  const bind = (source: string, target: string, options: string) => line(source, target, 'none', `bind,${options}`)
  const memory = (target: string, options: string) => line('tmpfs', target, 'tmpfs', `nosuid,nodev,${options}`)
  const owned = `uid=${firstUser},gid=${firstUser}`
  return [
    bind(template, '/', 'ro,nosuid,nodev'),
    bind(etc, '/etc', 'ro,nosuid,nodev,noexec'),
    ...Object.entries(shown).map(([target, source]) => bind(source, target, 'ro,nosuid,nodev')),
    line('proc', '/proc', 'proc', 'nosuid,nodev,noexec'),
    line('sysfs', '/sys', 'sysfs', 'ro,nosuid,nodev,noexec'),
    ...cgroupMounts(hierarchies).map(([type, target, options]) => line(type, target, type, options)),
    ...devices.map(name => bind(`/dev/${name}`, `/dev/${name}`, 'nosuid,noexec')),
    memory('/dev/shm', `noexec,mode=1777,size=${temporaryBytesMax}`),
    memory('/tmp', `mode=1777,size=${temporaryBytesMax}`),
    memory('/run', `mode=0755,size=${temporaryBytesMax},${owned}`),
    bind(socketFolder, '/forkproof/socket', 'nosuid,nodev,noexec'),
    // What is thrown away need not reach the machine's disk: no write of it waits for that, nor does its end.
    line(disk, '/forkproof/state', 'ext4', `loop,nosuid,nodev,noatime,discard${kept ? '' : ',barrier=0'}`),
    '',
  ].join('\n')
}

/**
 * In the builder's cgroup namespace these show its own cgroups as the root. Without them runc refuses to start a step.
 */
function cgroupMounts(hierarchies: readonly Hierarchy[]): (readonly [type: string, target: string, options: string])[] {
  const folder = '/sys/fs/cgroup'
  const readOnly = 'ro,nosuid,nodev,noexec'
  if (hierarchies.every(({ version }) => version === 2)) return [['cgroup2', folder, readOnly]]
  const own = hierarchies.filter(({ version }) => version === 1)
  return [
    ['tmpfs', folder, 'nosuid,nodev,noexec,mode=0755,size=65536'],
    ...own.map(
      ({ mountPoint, mountedAs }) =>
        ['cgroup', join(folder, basename(mountPoint)), `${readOnly},${mountedAs},X-mount.mkdir`] as const,
    ),
  ]
}

/** fstab(5): space, tab, newline, backslash and # as octal. */
const escaped = (field: string): string =>
  field.replaceAll(/[\s\\#]/g, character => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
