import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from '../wait-until.ts'

const run = promisify(execFile)
const daemonStartMsMax = 60_000
const stopMsMax = 30_000

/** Container root is this user of the machine: a range that no account has. */
const remappedUid = 1_500_000_000

/**
 * A Docker daemon for tests, apart from any other: own data, own containerd, own cgroup, and namespaces of its own for
 * mounts and network, the latter without a way out.
 * User namespaces need an account with ids. It exists in that mount namespace only, so the machine's `/etc/subuid`
 * stays as it is.
 */
export class DockerHarness {
  readonly socketPath: string
  /** For a driver's state: mounts in it are seen by the daemon. */
  readonly sharedFolder: string
  readonly folder: string
  readonly #holder: ChildProcess
  readonly cgroup: string
  /** `address:port` that accept connections in the network around the containers. */
  readonly fakeHosts = ['127.0.0.1', ...fakeAddresses].map(address => `${address}:${fakeAddressPort}`)
  #standIn: ChildProcess | undefined
  #daemon: ChildProcess | undefined

  private constructor(folder: string, holder: ChildProcess) {
    this.folder = folder
    this.#holder = holder
    this.cgroup = `forkproof-test-${process.pid}`
    this.socketPath = join(folder, 'docker.sock')
    this.sharedFolder = join(folder, 'shared')
  }

  static async start(): Promise<DockerHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'forkproof-docker-'))
    // The container's root must be able to walk to its files.
    await chmod(folder, 0o711)
    const shared = join(folder, 'shared')
    for (const name of ['data', 'exec', 'etc', 'shared']) await mkdir(join(folder, name))
    await mkdir('/run/containerd', { recursive: true })
    await run('mount', ['--bind', shared, shared])
    await run('mount', ['--make-shared', shared])
    await writeAccounts(join(folder, 'etc'))
    const holder = spawn('unshare', ['--mount', '--net', '--propagation', 'slave', 'sh', '-c', setUp, 'sh', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    const docker = new DockerHarness(folder, holder)
    try {
      await docker.#startStandIns()
      await docker.startDaemon()
    } catch (error) {
      await docker.stop()
      throw error
    }
    return docker
  }

  /** Resolves when the API answers. @throws with the end of its log */
  async startDaemon(): Promise<void> {
    // Where process 1 does not reap, the pids of a killed daemon and of its containerd stay taken, and a new daemon
    // would wait for them.
    for (const file of ['pid', 'exec/containerd/containerd.pid']) await rm(join(this.folder, file), { force: true })
    const log = await open(join(this.folder, 'log'), 'a')
    const inside = ['--target', String(this.#holder.pid), '--mount', '--net']
    const daemon = spawn('nsenter', [...inside, 'dockerd', ...this.#arguments()], {
      stdio: ['ignore', log.fd, log.fd],
    })
    this.#daemon = daemon
    await log.close()
    try {
      const answers = () => {
        if (daemon.exitCode !== null) throw new Error(`it ended with ${daemon.exitCode}`)
        return this.#answers()
      }
      await waitUntil('the Docker daemon answers', answers, { msMax: daemonStartMsMax })
    } catch (error) {
      const text = await readFile(join(this.folder, 'log'), 'utf8')
      throw new Error(`no Docker daemon. The end of its log:\n${text.slice(-3_000)}`, { cause: error })
    }
  }

  /** SIGKILL to the daemon alone; containers run on. */
  async killDaemon(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    this.#standIn?.kill('SIGKILL')
    this.#holder.kill('SIGKILL')
    await run('umount', ['--recursive', '--lazy', this.sharedFolder]).catch(() => {})
    for (const hierarchy of ['', ...(await readdir('/sys/fs/cgroup'))])
      await rmdir(join('/sys/fs/cgroup', hierarchy, this.cgroup)).catch(() => {})
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  /** Runs a program in the network around the containers. */
  async runAround(program: string, args: readonly string[]): Promise<void> {
    await run('nsenter', ['--target', String(this.#holder.pid), '--net', program, ...args], { timeout: stopMsMax })
  }

  async #startStandIns(): Promise<void> {
    const inside = ['--target', String(this.#holder.pid), '--net', process.execPath, '-e', fakeHostProgram]
    const standIn = spawn('nsenter', inside, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#standIn = standIn
    await once(standIn.stdout, 'data')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return
    const exited = once(daemon, 'exit', { signal: AbortSignal.timeout(stopMsMax) })
    daemon.kill(signal)
    await exited
  }

  #arguments(): string[] {
    const at = (name: string) => join(this.folder, name)
    return [
      ...['--config-file', at('daemon.json'), '--data-root', at('data'), '--exec-root', at('exec')],
      ...['--pidfile', at('pid'), '--host', `unix://${this.socketPath}`, '--userns-remap', 'forkproof'],
      ...['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
      ...['--cgroup-parent', `/${this.cgroup}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...['--storage-driver', 'overlay2', '--log-level', 'warn'],
    ]
  }

  #answers(): Promise<boolean> {
    return new Promise(resolve => {
      const call = request({ socketPath: this.socketPath, path: '/_ping', timeout: 1_000 }, response => {
        response.resume()
        resolve(response.statusCode === 200)
      })
      call.on('error', () => resolve(false))
      call.on('timeout', () => call.destroy())
      call.end()
    })
  }
}

/**
 * Metadata service, LAN and a shared address range, as a container with the wrong network would reach them. They exist
 * here only.
 */
const fakeAddresses = ['169.254.169.254', '10.66.0.1', '100.100.100.200', '172.17.0.1']
const fakeAddressPort = 8080
const fakeHostProgram = `require('node:net').createServer().listen(${fakeAddressPort}, '0.0.0.0', () => console.log('listening'))`

/** The word on the output says that the namespace is as it must be; then it is only held. */
const setUp = `
set -e
for name in passwd group subuid subgid; do
  [ -e /etc/$name ] || : >/etc/$name
  mount --bind "$1/etc/$name" /etc/$name
done
mount -t tmpfs tmpfs /run/containerd
ip link set lo up
for address in ${fakeAddresses.join(' ')}; do ip address add $address/32 dev lo; done
echo ready
exec sleep infinity
`

async function writeAccounts(folder: string): Promise<void> {
  const line = (text: string) => `${text}\n`
  const range = line(`forkproof:${remappedUid}:65536`)
  await writeFile(
    join(folder, 'passwd'),
    (await readFile('/etc/passwd', 'utf8')) + line('forkproof:x:64123:64123::/nonexistent:/usr/sbin/nologin'),
  )
  await writeFile(join(folder, 'group'), (await readFile('/etc/group', 'utf8')) + line('forkproof:x:64123:'))
  await writeFile(join(folder, 'subuid'), range)
  await writeFile(join(folder, 'subgid'), range)
  await writeFile(join(folder, '..', 'daemon.json'), '{}\n')
}
