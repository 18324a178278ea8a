import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const launchScript = fileURLToPath(new URL('./launch.sh', import.meta.url))
export const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const

/** On most systems links into /usr, on some folders of their own. */
const systemFolders = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
/**
 * Public certificates of authorities, for registries. They are shown at their own paths, since these are built into
 * programs.
 */
const certificateFolders = ['/etc/ssl/certs', '/etc/pki/tls/certs', '/etc/pki/ca-trust/extracted']
const libraryCache = '/etc/ld.so.cache'

export interface RootTemplate {
  readonly folder: string
  /** What is shown of the machine, by its path in the builder. */
  readonly shown: Readonly<Record<string, string>>
  /** Folders and files below /etc that are only mount points. */
  readonly etcFolders: readonly string[]
  readonly etcFiles: readonly string[]
}

/**
 * The bare root of every builder of this machine, below the state folder: mount points and links, no content. It is
 * named by what it holds and never changed, because removing a mount point takes the mount out of running builders.
 */
export async function ensureRootTemplate(
  stateFolder: string,
  programs: { readonly buildkitd: string; readonly runc: string },
): Promise<RootTemplate> {
  const system = await Promise.all(systemFolders.map(kindOf))
  const links = system.filter(one => one.kind === 'link')
  const own = system.filter(one => one.kind === 'folder').map(({ path }) => path)
  const certificates = (await Promise.all(certificateFolders.map(kindOf))).filter(one => one.kind === 'folder')
  const hasCache = (await kindOf(libraryCache)).kind === 'file'
  const folders = [
    'old',
    'usr',
    'etc',
    'proc',
    'sys',
    'dev/shm',
    'dev/pts',
    'dev/mqueue',
    'tmp',
    'run',
    'var/tmp',
    'root',
    ...own,
  ]
  const files = [
    ...devices.map(name => `dev/${name}`),
    'forkproof/launch.sh',
    'forkproof/bin/buildkitd',
    'forkproof/bin/runc',
  ]
  const allLinks = [...links.map(({ path, target }) => [path, target] as const), ...deviceLinks]
  const content = { folders: [...folders, 'forkproof/state', 'forkproof/socket'], files, links: allLinks }
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12)
  const folder = join(stateFolder, `skeleton-${digest}`)
  await makeOnce(folder, content)
  const etcFolders = certificates.map(({ path }) => path)
  const etcFiles = hasCache ? [libraryCache] : []
  const same = [...own, ...etcFolders, ...etcFiles].map(path => [path, path])
  return {
    folder,
    shown: {
      '/usr': '/usr',
      ...Object.fromEntries(same),
      '/forkproof/launch.sh': launchScript,
      '/forkproof/bin/buildkitd': programs.buildkitd,
      '/forkproof/bin/runc': programs.runc,
    },
    etcFolders,
    etcFiles,
  }
}

const deviceLinks = [
  ['dev/fd', '/proc/self/fd'],
  ['dev/stdin', '/proc/self/fd/0'],
  ['dev/stdout', '/proc/self/fd/1'],
  ['dev/stderr', '/proc/self/fd/2'],
] as const

type DescribedPath = { readonly path: string } & (
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' | 'file' | 'absent' }
)

async function kindOf(path: string): Promise<DescribedPath> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return { path, kind: 'absent' }
  if (found.isSymbolicLink()) return { path, kind: 'link', target: await readlink(path) }
  return { path, kind: found.isDirectory() ? 'folder' : 'file' }
}

async function makeOnce(
  folder: string,
  content: {
    readonly folders: readonly string[]
    readonly files: readonly string[]
    readonly links: readonly (readonly [string, string])[]
  },
): Promise<void> {
  if (await stat(folder).catch(() => undefined)) return
  const draft = await mkdtemp(`${folder}.`)
  for (const path of content.folders) await mkdir(join(draft, path), { recursive: true })
  for (const path of content.files) {
    await mkdir(dirname(join(draft, path)), { recursive: true })
    await writeFile(join(draft, path), '')
  }
  for (const [path, target] of content.links) await symlink(target, join(draft, path))
  await chmod(draft, 0o755)
  // The first one wins; another's would be the same.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }))
}
