import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What the operating system holds of one harness, read from the kernel and not from the driver: every process, mount in
 * any namespace, loop device and listening or bound unix socket that mentions one of its words, every cgroup of such a
 * name, every link with builders' names, and every file below its folders.
 * It is limited to the harness's own, because other suites make builders at the same time.
 */
export async function machineInventory(harness: {
  /** Texts that only this harness's things carry: its folder, the name of its cgroup. */
  readonly words: readonly string[]
  readonly folders: readonly string[]
  /** Paths below the folders that change without meaning anything: logs, databases. */
  readonly ignored?: RegExp
}): Promise<readonly string[]> {
  const mentions = (text: string) => harness.words.some(word => text.includes(word))
  const found = await Promise.all([
    processes(mentions),
    mounts(mentions),
    loops(mentions),
    sockets(text => mentions(text) && harness.ignored?.test(text) !== true),
    cgroups('/sys/fs/cgroup', mentions),
    links(),
    ...harness.folders.map(folder => files(folder, harness.ignored)),
  ])
  return found.flat().sort()
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
const pids = async () => (await readdir('/proc')).filter(name => /^[0-9]+$/.test(name))

async function processes(mentions: (text: string) => boolean): Promise<string[]> {
  const found = await Promise.all(
    (await pids()).map(async pid => {
      const [command, cgroup, stat] = await Promise.all(
        ['cmdline', 'cgroup', 'stat'].map(name => read(`/proc/${pid}/${name}`)),
      )
      // The harness itself is among the processes; a test compares with the time before. Zombies hold nothing.
      const isZombie = stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z'
      if (isZombie || !(mentions(command ?? '') || mentions(cgroup ?? ''))) return []
      return [`process ${pid} ${command?.replaceAll('\0', ' ').slice(0, 80)}`]
    }),
  )
  return found.flat()
}

async function mounts(mentions: (text: string) => boolean): Promise<string[]> {
  const namespaces = new Map<string, string>()
  for (const pid of await pids()) {
    const namespace = await readlink(`/proc/${pid}/ns/mnt`).catch(() => '')
    if (!namespaces.has(namespace)) namespaces.set(namespace, pid)
  }
  const tables = await Promise.all([...namespaces.values()].map(pid => read(`/proc/${pid}/mountinfo`)))
  const lines = tables.flatMap(table => table.split('\n').filter(mentions))
  // Each once: a namespace that another program makes meanwhile holds a copy of ours.
  return [...new Set(lines.map(line => `mount ${line.split(' ').slice(3, 5).join(' at ')}`))]
}

async function loops(mentions: (text: string) => boolean): Promise<string[]> {
  const names = (await readdir('/sys/block').catch(() => [])).filter(name => name.startsWith('loop'))
  const backing = await Promise.all(names.map(name => read(`/sys/block/${name}/loop/backing_file`)))
  return backing.filter(mentions).map(file => `loop ${file.trim()}`)
}

async function sockets(mentions: (text: string) => boolean): Promise<string[]> {
  const lines = (await read('/proc/net/unix')).split('\n')
  const paths = lines.filter(mentions).map(line => line.split(' ').at(-1) ?? '')
  return [...new Set(paths)].map(path => `socket ${path}`)
}

async function cgroups(folder: string, mentions: (text: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const below = entries.filter(entry => entry.isDirectory()).map(entry => join(folder, entry.name))
  const deeper = await Promise.all(below.map(path => cgroups(path, mentions)))
  return [...below.filter(mentions).map(path => `cgroup ${path}`), ...deeper.flat()]
}

const links = async () =>
  (await readdir('/sys/class/net')).filter(name => name.startsWith('fpb')).map(name => `link ${name}`)

async function files(folder: string, ignored: RegExp | undefined): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  const paths = entries.map(entry => join(entry.parentPath, entry.name))
  return paths.filter(path => ignored?.test(path) !== true).map(path => `file ${path}`)
}
