import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, copyFile, mkdir, mkdtemp, readlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type UnixEndpoint, unixEndpoint } from '@forkproof/builder-provisioner/state/builder-endpoint'
import { afterFile } from '../after-file.ts'
import { descendantsOf } from '../process-tree.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { waitUntil } from '../wait-until.ts'

/** User ids of the builder on this machine; above all that a provisioner gives its own by default. */
const idBase = 1_950_000_000
const idCount = 65_536
const builderStartMsMax = 20_000

export interface BareBuilder {
  readonly endpoint: UnixEndpoint
  /** Runs a program in the builder's network. */
  inNetwork(program: string, ...args: string[]): ChildProcess
}

/**
 * A rootless buildkitd in namespaces of its own, without a driver and without limits. For tests of what stands in front
 * of a builder. Resolves when its process is there, which is before it serves. It is gone after the file.
 */
export async function startBareBuilder(
  programs: { buildkitd: string; runc: string },
  toml: readonly string[] = [],
): Promise<BareBuilder> {
  const folder = await mkdtemp(join(await temporaryFolder(), 'builder-'))
  await Promise.all([folder, dirname(folder)].map(one => chmod(one, 0o711)))
  const state = join(folder, 's')
  await mkdir(state)
  await chown(state, idBase, idBase)
  // Programs may lie where only root may look, such as the cache of tools; the builder is somebody else.
  const [buildkitd, runc] = [join(folder, 'buildkitd'), join(folder, 'runc')]
  await Promise.all([copyFile(programs.buildkitd, buildkitd), copyFile(programs.runc, runc)])
  await Promise.all([buildkitd, runc].map(one => chmod(one, 0o755)))
  const socketPath = join(state, 'buildkitd.sock')
  const config = join(folder, 'buildkitd.toml')
  await writeFile(config, [...hardened, ...toml, ''].join('\n'))

  // A process that does nothing holds the user namespace, whose ids root maps: newuidmap is not needed.
  const holder = spawn('unshare', ['--user', 'sleep', 'infinity'], { stdio: 'ignore' })
  afterFile(() => endChild(holder))
  await waitUntil('the user namespace is there', () => hasOwnUsers(holder.pid), {
    msMax: builderStartMsMax,
    everyMs: 5,
  })
  for (const map of ['uid_map', 'gid_map']) await writeFile(`/proc/${holder.pid}/${map}`, `0 ${idBase} ${idCount}`)

  const launcher = spawn(
    'nsenter',
    [
      ...[`--user=/proc/${holder.pid}/ns/user`, '-S', '0', '-G', '0', 'setpriv', '--pdeathsig', 'KILL'],
      ...['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--ipc', '--uts', '--mount-proc'],
      ...[buildkitd, '--config', config, '--rootless', '--root', join(state, 'root')],
      ...['--addr', `unix://${socketPath}`],
    ],
    { stdio: 'ignore', env: environment(runc, state) },
  )
  const daemons = () => (launcher.pid ? descendantsOf(launcher.pid) : [])
  // The first process of the namespace goes first: the kernel ends the rest with it, and its parent reaps it.
  afterFile(() => endChild(launcher, daemons()[0]))
  await waitUntil('buildkitd is there', () => daemons().length > 0, { msMax: builderStartMsMax, everyMs: 5 })
  return {
    endpoint: unixEndpoint(socketPath),
    inNetwork: (program, ...args) => {
      const child = spawn('nsenter', [`--net=/proc/${daemons()[0]}/ns/net`, program, ...args], { stdio: 'ignore' })
      afterFile(() => endChild(child))
      return child
    },
  }
}

const hardened = [
  'insecure-entitlements = []',
  '[cdi]',
  'disabled = true',
  '[frontend."gateway.v0"]',
  'enabled = false',
  '[worker.containerd]',
  'enabled = false',
  '[worker.oci]',
  'networkMode = "host"',
]

const environment = (runc: string, state: string) => ({
  PATH: `${dirname(runc)}:/usr/sbin:/usr/bin:/sbin:/bin`,
  // As root, or without a name, it insists on folders of the machine's own.
  USER: 'builder',
  HOME: tmpdir(),
  XDG_RUNTIME_DIR: state,
})

async function hasOwnUsers(pid: number | undefined): Promise<boolean> {
  const [own, of] = await Promise.all([readlink('/proc/self/ns/user'), readlink(`/proc/${pid}/ns/user`)])
  return own !== of
}

async function endChild(child: ChildProcess, pid = child.pid): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || pid === undefined) return
  const closed = once(child, 'close')
  process.kill(pid, 'SIGKILL')
  await closed
}
