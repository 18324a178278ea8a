import type { BuilderSpec } from '../driver.ts'
import seccompProfile from './seccomp.json' with { type: 'json' }

/**
 * Bounding set of the container, all of it inside a user namespace. Values are the kernel's numbers. It has what Docker
 * gives by default, because BuildKit hands RUN steps those and runc cannot grant what it lacks itself, and SYS_ADMIN
 * for mounts. It has no NET_ADMIN: Docker makes the network namespace inside the user namespace, so only this keeps a
 * builder from changing its link.
 */
const allowedCapabilities: Readonly<Record<string, bigint>> = {
  CHOWN: 0n,
  DAC_OVERRIDE: 1n,
  FOWNER: 3n,
  FSETID: 4n,
  KILL: 5n,
  SETGID: 6n,
  SETUID: 7n,
  SETPCAP: 8n,
  NET_BIND_SERVICE: 10n,
  NET_RAW: 13n,
  SYS_CHROOT: 18n,
  SYS_ADMIN: 21n,
  MKNOD: 27n,
  AUDIT_WRITE: 29n,
  SETFCAP: 31n,
}
/** The same as the kernel shows it in `/proc/<pid>/status`. */
export const capabilityMask = Object.values(allowedCapabilities).reduce((mask, bit) => mask | (1n << bit), 0n)

const temporaryBytesMax = 64 * 1024 * 1024
/** CPU time is dealt out per this many microseconds. */
const cpuPeriodMicroseconds = 100_000

/** Paths inside the container. */
export const containerPaths = {
  state: '/forkproof/state',
  socketFolder: '/forkproof/socket',
  config: '/forkproof/buildkitd.toml',
} as const
export const containerSocketName = 'buildkitd.sock'

export const containerLabels = {
  builder: 'forkproof.builder',
  node: 'forkproof.node',
} as const

export const containerName = (builderId: string): string => `forkproof-${builderId}`

/** Exit code of process 1 when the builder's time was over. */
export const wallClockExitCode = 124

/**
 * Process 1 is the wall clock: it waits for BuildKit's end or for the time, whichever is first. With it ends every
 * process of the container, also when neither Docker nor the provisioner lives.
 * It keeps the time itself (`read -t`, in busybox and bash). No other process of the container can kill or stop process
 * 1, as it could a `sleep` or a `timeout` beside it.
 */
const wallClock = `
seconds=$1; shift
end=/run/forkproof-end
mkfifo -m 600 $end || exit 125
{ "$@" </dev/null; echo $? >$end; } &
read -r -t $seconds status <>$end || status=${wallClockExitCode}
exit $status
`

interface ContainerOptions {
  readonly spec: BuilderSpec
  readonly nodeId: string
  /** By its id: what was checked is what runs. */
  readonly imageId: string
  readonly folders: { readonly state: string; readonly socket: string; readonly config: string }
  readonly hasAppArmor: boolean
  readonly nowMs: number
}

/** Body of `POST /containers/create`. Pure. */
export function containerRequest({ spec, nodeId, imageId, folders, hasAppArmor, nowMs }: ContainerOptions) {
  const seconds = Math.max(1, Math.ceil((spec.endsAtMs - nowMs) / 1_000))
  const { limits } = spec
  const bind = (Source: string, Target: string, ReadOnly: boolean) => ({
    Type: 'bind',
    Source,
    Target,
    ReadOnly,
    BindOptions: { Propagation: 'rprivate' },
  })
  return {
    Image: imageId,
    Hostname: spec.builderId,
    User: '0:0',
    WorkingDir: '/',
    // BuildKit takes a user called root for a rootful daemon and looks for folders that are not there.
    Env: [
      'USER=builder',
      'HOME=/tmp',
      'XDG_RUNTIME_DIR=/run',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ],
    Entrypoint: ['/bin/sh', '-c', wallClock, 'builder', String(seconds), 'buildkitd'],
    Cmd: [
      '--config',
      containerPaths.config,
      '--rootless',
      '--root',
      containerPaths.state,
      '--addr',
      `unix://${containerPaths.socketFolder}/${containerSocketName}`,
    ],
    Labels: { [containerLabels.builder]: spec.builderId, [containerLabels.node]: nodeId },
    HostConfig: {
      // Docker's own networks let a builder reach the host: docs/facts/buildkit.md#egress. A builder with egress gets
      // its link from the network module.
      NetworkMode: 'none',
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: Object.keys(allowedCapabilities),
      SecurityOpt: [
        'no-new-privileges',
        `seccomp=${JSON.stringify(seccompProfile)}`,
        // Docker's default AppArmor profile forbids every mount; the user namespace is what bounds them here.
        ...(hasAppArmor ? ['apparmor=unconfined'] : []),
      ],
      UsernsMode: '',
      IpcMode: 'private',
      CgroupnsMode: 'private',
      ReadonlyRootfs: true,
      Tmpfs: {
        '/tmp': `rw,nosuid,nodev,exec,size=${temporaryBytesMax},mode=1777`,
        '/run': `rw,nosuid,nodev,noexec,size=${temporaryBytesMax},mode=755`,
      },
      ShmSize: temporaryBytesMax,
      Mounts: [
        bind(folders.state, containerPaths.state, false),
        bind(folders.socket, containerPaths.socketFolder, false),
        bind(folders.config, containerPaths.config, true),
      ],
      Memory: limits.memoryBytes,
      // The same figure: no swap on top.
      MemorySwap: limits.memoryBytes,
      CpuPeriod: cpuPeriodMicroseconds,
      CpuQuota: Math.round(limits.cpus * cpuPeriodMicroseconds),
      PidsLimit: limits.pids,
      // When the machine itself runs out of memory, a builder goes before anything else.
      OomScoreAdj: 1_000,
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      LogConfig: { Type: 'local', Config: { 'max-size': '256k', 'max-file': '1', compress: 'false' } },
    },
  }
}
export type ContainerRequest = ReturnType<typeof containerRequest>
