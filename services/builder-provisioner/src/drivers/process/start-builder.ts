import { writeFile } from 'node:fs/promises'
import type { Clock } from '@forkproof/infra/clock'
import { makeDiskImage } from '../disks/disk-image.ts'
import { ensureKeptImage } from '../disks/kept-state.ts'
import type { BuilderSpec, RunningBuilder } from '../driver.ts'
import { checkBoundary } from './boundary.ts'
import { writeEtc } from './builder-etc.ts'
import type { BuilderFilesRecord } from './builder-files.ts'
import { type Launched, launch } from './launch.ts'
import type { Machine } from './machine.ts'
import { mountTable } from './mount-table.ts'
import { devices, ensureSkeleton } from './skeleton.ts'
import type { Places } from './traces.ts'

const listenMsMax = 15_000
const lookMs = 10
const endedMsMax = 500

export interface StartParts {
  readonly record: BuilderFilesRecord
  readonly places: Places
  readonly machine: Machine
  readonly programs: { readonly buildkitd: string; readonly runc: string }
  readonly projectDiskBytes: number
  readonly clock: Clock
}

/** Makes the builder up to the moment in which BuildKit listens. Everything of it can be found by its record and name; undoes nothing itself. */
export async function startBuilder(spec: BuilderSpec, parts: StartParts, signal: AbortSignal): Promise<RunningBuilder> {
  const { record, machine, clock } = parts
  const { files, cgroups, network } = parts.places
  const { builderId } = spec
  const skeleton = await ensureSkeleton(machine.stateFolder, parts.programs)
  const disk = record.kept?.image ?? files.disk
  const mounts = mountTable({
    root: files.root,
    skeleton: skeleton.folder,
    etc: files.etc,
    socketFolder: files.socketFolder,
    disk,
    kept: record.kept !== undefined,
    firstUser: record.firstUser,
    shown: skeleton.shown,
    devices,
    hierarchies: machine.hierarchies,
  })
  await allDone([
    cgroups.create(builderId, spec.limits),
    ensureDisk(spec, parts, signal),
    writeEtc(files.etc, { spec, nameservers: network?.nameservers ?? [], skeleton }),
    writeFile(files.mounts, mounts),
  ])
  signal.throwIfAborted()
  const secondsLeft = Math.max(1, Math.ceil((spec.endsAtMs - clock.now()) / 1_000))
  const { firstUser } = record
  const inputs = { builderId, folder: files.folder, firstUser, secondsLeft, cgroups: cgroups.foldersOf(builderId) }
  const launched = await launch(inputs, signal)
  if (spec.egress === 'internet') await network?.attach({ builderId, pid: launched.pid }, signal)
  launched.go()
  const ended = endOf(spec, launched, parts)
  await listening(parts, ended, signal)
  await checkBoundary(builderId, record, cgroups).catch(async error => {
    // What is missing may be missing because it has just ended.
    const reason = await Promise.race([ended, clock.sleep(endedMsMax)])
    throw reason === undefined ? error : new Error(`BuildKit did not stay: ${reason}`, { cause: error })
  })
  return { socketPath: files.socketPath, ended }
}

/** As `Promise.all`, but nothing is still being made when it rejects: whoever removes it then finds all of it. */
async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work)
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

async function ensureDisk(spec: BuilderSpec, parts: StartParts, signal: AbortSignal): Promise<void> {
  const { record, places, projectDiskBytes } = parts
  const owner = { uid: record.firstUser, gid: record.firstUser }
  if (record.kept) await ensureKeptImage(record.kept, { bytes: projectDiskBytes, owner, signal })
  else await makeDiskImage(places.files.disk, { bytes: spec.limits.diskBytes, owner, journal: false, signal })
}

async function listening({ places, clock }: StartParts, ended: Promise<string>, signal: AbortSignal): Promise<void> {
  const deadlineMs = clock.now() + listenMsMax
  let reason: string | undefined
  void ended.then(text => {
    reason = text
  })
  while (!(await places.files.takeSocket())) {
    if (reason !== undefined) throw new Error(`BuildKit did not start: ${reason}`)
    if (clock.now() > deadlineMs) throw new Error(`BuildKit does not listen within ${listenMsMax} ms`)
    await clock.sleep(lookMs, signal)
  }
}

/** Why it ended, as far as the machine tells. Never rejects. */
async function endOf(spec: BuilderSpec, { exited }: Launched, { places, clock }: StartParts): Promise<string> {
  const { code, lines } = await exited
  const kills = await places.cgroups.memoryKills(spec.builderId)
  const last = lines
    .filter(line => !line.startsWith('unshare: '))
    .slice(-3)
    .join(' | ')
  if (clock.now() >= spec.endsAtMs) return 'its time was over'
  if (kills > 0) return `out of memory (${kills} processes were killed)`
  return `BuildKit ended with ${code ?? 'a signal'}${last === '' ? '' : `: ${last}`}`
}
