import { readdir, readFile } from 'node:fs/promises'
import type { BuilderId } from '@forkproof/contracts/ids'
import { ifVanished } from '../../host/absence.ts'
import { type BuilderNetwork, linkName } from '../../network/network.ts'
import { keptStateHolder } from '../disks/kept-state.ts'
import type { BuilderFiles, BuilderFilesRecord } from './builder-files.ts'
import type { Cgroups } from './cgroups.ts'
import { processOwners, readProcess, type SeenProcess } from './process-table.ts'
import { isInRange } from './user-ranges.ts'

const filesMax = 1_000
const noLinks: readonly BuilderId[] = []

export interface ProcessTraceDeps {
  readonly files: BuilderFiles
  readonly cgroups: Cgroups
  readonly network: BuilderNetwork | undefined
}

/**
 * All that the machine holds of one builder now. `record` is absent for a builder that never got so far, or that is
 * gone. Then only its name is looked for, which every trace carries.
 */
export async function processTracesOf(
  builderId: BuilderId,
  record: BuilderFilesRecord | undefined,
  { files, cgroups, network }: ProcessTraceDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [processes, folders, loops, mounts, links, present] = await Promise.all([
    builderProcesses(builderId, record, cgroups),
    cgroups.present(builderId),
    loopsOf(builderId, record, files),
    mountsBelow(files.folder),
    network === undefined ? noLinks : network.linked(signal),
    files.present(filesMax),
  ])
  return [
    ...processes.map(({ pid, name }) => `process ${pid} ${name}`),
    ...folders.map(folder => `cgroup ${folder}`),
    ...loops.map(device => `loop ${device}`),
    ...mounts.map(point => `mount ${point}`),
    ...(links.includes(builderId) ? [`link ${linkName(builderId)}`] : []),
    ...present.map(path => `file ${path}`),
  ]
}

/**
 * What runs in its cgroups, or as one of its users.
 * The users of a builder that is gone are given again, those of a project's builder at once to its next one. So a
 * process in another builder's cgroup is that builder's, whatever its user.
 * Both are read last, of each process in one go: its pid may have become another's since the lists were read.
 */
export async function builderProcesses(
  builderId: BuilderId,
  record: BuilderFilesRecord | undefined,
  cgroups: Cgroups,
): Promise<readonly SeenProcess[]> {
  const [joined, owners] = await Promise.all([cgroups.processes(builderId), record ? processOwners() : []])
  const own = owners.filter(({ user }) => record !== undefined && isInRange(user, record.firstUser))
  const seen = [...new Set([...joined, ...own.map(({ pid }) => pid)])].flatMap(pid => readProcess(pid) ?? [])
  const mayBeOurs = ({ pid, users }: SeenProcess) =>
    joined.includes(pid) || (record !== undefined && users.some(user => isInRange(user, record.firstUser)))
  return seen.filter(one => {
    const builder = cgroups.builderOf(one.cgroups)
    return builder === undefined ? mayBeOurs(one) : builder === builderId
  })
}

/** Loop devices over its disk. A project's disk is that of the builder that holds its lock. */
export async function loopsOf(
  builderId: BuilderId,
  record: BuilderFilesRecord | undefined,
  files: BuilderFiles,
): Promise<readonly string[]> {
  if (!record?.kept) return loopsOver(files.disk)
  const loops = await loopsOver(record.kept.image)
  const holder = await keptStateHolder(record.kept.lock)
  return holder === undefined || holder === builderId ? loops : []
}

/** Loop devices over this file, also when it was deleted meanwhile. */
async function loopsOver(disk: string): Promise<readonly string[]> {
  return (await loopDevices())
    .filter(({ file }) => file === disk || file === `${disk} (deleted)`)
    .map(({ device }) => device)
}

export async function loopDevices(): Promise<readonly { readonly device: string; readonly file: string }[]> {
  const names = (await readdir('/sys/block').catch(ifVanished([]))).filter(name => name.startsWith('loop'))
  const found = await Promise.all(
    names.map(async name => {
      const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(ifVanished(''))
      return file === '' ? [] : [{ device: `/dev/${name}`, file: file.trimEnd() }]
    }),
  )
  return found.flat()
}

/**
 * Mount points that this process can see. A builder's own mounts are not among them: they live and end with its mount
 * namespace.
 */
async function mountsBelow(folder: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const points = table.split('\n').map(line => line.split(' ')[4] ?? '')
  return points.filter(point => point === folder || point.startsWith(`${folder}/`))
}
