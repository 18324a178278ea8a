import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { promisify } from 'node:util'
import { findOnSearchPath } from '../tools/installed-tool.ts'
import { type KernelFactName, systemPrograms } from './requirement-table.ts'

const run = promisify(execFile)
const attemptMsMax = 10_000

/** What is known of this machine before anything is installed. */
export interface Machine {
  /** `PRETTY_NAME` of os-release(5). */
  readonly system: string
  /** Whether its packages are those of Debian or Ubuntu. */
  readonly hasDebianPackages: boolean
  readonly hasAptGet: boolean
  readonly hasGo: boolean
  readonly isRoot: boolean
  readonly missingPrograms: ReadonlySet<string>
  /** A fact that can only be tried with a program that is missing too is not in it. */
  readonly missingFacts: ReadonlySet<KernelFactName>
}

const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** The user's own folders first, then those of the system: the PATH of a plain user lacks the sbin folders. */
export function withSystemFolders(searchPath: string | undefined): string {
  const own = (searchPath ?? '').split(delimiter).filter(folder => folder !== '')
  return [...new Set([...own, ...systemFolders])].join(delimiter)
}

export async function readMachine(environment: Readonly<Record<string, string | undefined>>): Promise<Machine> {
  const searchPath = withSystemFolders(environment['PATH'])
  const has = async (program: string) => (await findOnSearchPath(program, searchPath)).length > 0
  const release = osRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  const missingPrograms = new Set<string>()
  for (const { program } of systemPrograms) if (!(await has(program))) missingPrograms.add(program)
  const isRoot = process.getuid?.() === 0
  return {
    system: release.PRETTY_NAME ?? process.platform,
    hasDebianPackages: hasDebianPackages(release),
    hasAptGet: await has('apt-get'),
    // Builds look for it on the user's own PATH.
    hasGo: (await findOnSearchPath('go', environment['PATH'] ?? '')).length > 0,
    isRoot,
    missingPrograms,
    missingFacts: await readMissingFacts(isRoot, !missingPrograms.has('unshare'), searchPath),
  }
}

interface OsRelease {
  readonly ID?: string
  readonly ID_LIKE?: string
  readonly PRETTY_NAME?: string
}

/** os-release(5): one assignment a line, values quoted or bare. */
export function osRelease(text: string): OsRelease {
  const lines = [...text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2$/gm)]
  return Object.fromEntries(lines.map(([, name = '', , value = '']) => [name, value]))
}

export const hasDebianPackages = ({ ID = '', ID_LIKE = '' }: OsRelease): boolean =>
  [ID, ...ID_LIKE.split(' ')].some(id => id === 'debian' || id === 'ubuntu')

async function readMissingFacts(
  isRoot: boolean,
  canUnshare: boolean,
  searchPath: string,
): Promise<ReadonlySet<KernelFactName>> {
  const missing = new Set<KernelFactName>()
  if (!isRoot) missing.add('root')
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )
  if (!(await isThere('/dev/loop-control'))) missing.add('loop')
  if (!hasWritableCgroups(await readFile('/proc/self/mounts', 'utf8').catch(() => ''))) missing.add('cgroups')
  // The rest is tried for real. A plain user is told about root alone, because the attempts would all fail for that.
  if (!isRoot || !canUnshare) return missing
  const works = (...args: string[]) =>
    run('unshare', args, { timeout: attemptMsMax, env: { PATH: searchPath } }).then(
      () => true,
      () => false,
    )
  const outer = ['--mount', '--net', '--ipc', '--uts', '--cgroup', '--pid', '--fork', '--kill-child=KILL']
  if (!(await works(...outer, 'unshare', '--user', '--mount', 'true'))) missing.add('namespaces')
  // The table is mounted where only the attempt sees it.
  else if (!(await works('--mount', 'mount', '-t', 'binfmt_misc', 'none', '/proc/sys/fs/binfmt_misc')))
    missing.add('binfmt')
  return missing
}

/** Version 1 or 2, in the format of proc_pid_mounts(5). */
export const hasWritableCgroups = (mounts: string): boolean =>
  mounts.split('\n').some(line => {
    const [, , type = '', options = ''] = line.split(' ')
    return (type === 'cgroup' || type === 'cgroup2') && options.split(',').includes('rw')
  })
