import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { ifAbsent } from '../../host/absence.ts'

/** Every mount namespace of the machine that has a process, with one of its processes and what that sees. */
export async function mountNamespaces(): Promise<
  readonly { readonly pid: string; readonly mounts: readonly { readonly line: string; readonly point: string }[] }[]
> {
  const pids = (await readdir('/proc')).filter(name => /^[0-9]+$/.test(name))
  const namespaces = new Map<string, string>()
  await Promise.all(
    pids.map(async pid => {
      // A process that ends meanwhile has no namespace any more.
      const namespace = await readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined)
      if (namespace !== undefined && !namespaces.has(namespace)) namespaces.set(namespace, pid)
    }),
  )
  const read = [...namespaces.values()].map(async pid => {
    const table = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')
    return { pid, mounts: table.split('\n').map(line => ({ line, point: line.split(' ')[4] ?? '' })) }
  })
  return Promise.all(read)
}

/**
 * Mounts that mention one of the texts, in any mount namespace, each once, as `mount <path>`.
 * Docker may mount a container's layers in another namespace than ours.
 */
export async function mountsMentioning(texts: readonly string[]): Promise<readonly string[]> {
  const mounts = (await mountNamespaces()).flatMap(namespace => namespace.mounts)
  const found = mounts.filter(({ line }) => texts.some(text => line.includes(text)))
  return [...new Set(found.map(({ point }) => `mount ${point}`))].sort()
}

/** Loop devices whose file lies below the folder. */
export async function loopsBelow(folder: string): Promise<readonly string[]> {
  const devices = (await readdir('/sys/block').catch(ifAbsent([]))).filter(name => name.startsWith('loop'))
  const found = await Promise.all(
    devices.map(async name => {
      const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')
      return file.startsWith(folder) ? [`loop /dev/${name}`] : []
    }),
  )
  return found.flat()
}

/** Those that exist, as `<kind> <path>`. */
export async function existingPaths(kind: string, paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map(path => stat(path).then(() => [`${kind} ${path}`], ifAbsent<string[]>([]))))
  return found.flat()
}

/**
 * Folders of the container's cgroups, for every version and driver of cgroups. `lines` are the process's own, as
 * `<number>:<controllers>:<path>`.
 */
export async function cgroupFolders(lines: readonly string[]): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').flatMap(line => {
    const [before = '', after = ''] = line.split(' - ')
    const [type = '', , options = ''] = after.split(' ')
    const point = before.split(' ')[4] ?? ''
    return type === 'cgroup' || type === 'cgroup2' ? [{ type, point, controllers: options.split(',') }] : []
  })
  return lines.flatMap(line => {
    const [, controllers = '', path = '/'] = line.split(':')
    if (path === '/') return []
    const mount = mounts.find(({ type, controllers: held }) =>
      controllers === '' ? type === 'cgroup2' : controllers.split(',').every(name => held.includes(name)),
    )
    return mount === undefined ? [] : [`${mount.point}${path}`]
  })
}
