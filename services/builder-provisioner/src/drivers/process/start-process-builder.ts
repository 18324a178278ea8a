import { writeFile } from 'node:fs/promises'
import type { Clock } from '@forkproof/infra/clock'
import { type UnixEndpoint, unixEndpoint } from '../../state/builder-endpoint.ts'
import { makeDiskImage } from '../disks/disk-image.ts'
import { ensureKeptImage } from '../disks/kept-state.ts'
import type { BuilderEnd, BuilderSpec, RunningBuilder } from '../driver.ts'
import { builderEndOf } from './builder-end.ts'
import { writeEtc } from './builder-etc.ts'
import type { BuilderFilesRecord } from './builder-files.ts'
import { type LaunchedBuilder, launchBuilder } from './launch.ts'
import { mountTable } from './mount-table.ts'
import { checkProcessBoundary } from './process-boundary.ts'
import type { ProcessHost } from './process-host.ts'
import type { ProcessTraceDeps } from './process-traces.ts'
import { devices, ensureRootTemplate } from './root-template.ts'

const listenMsMax = 15_000
const lookMs = 10
const endedMsMax = 500

interface StartProcessDeps {
  readonly record: BuilderFilesRecord
  readonly traceDeps: ProcessTraceDeps
  readonly host: ProcessHost
  readonly programs: { readonly buildkitd: string; readonly runc: string }
  readonly projectDiskBytes: number
  readonly clock: Clock
}

/**
 * Makes the builder up to the moment in which BuildKit listens; undoes nothing itself.
 * Everything of it can be found by its record and its name.
 */
export async function startProcessBuilder(
  spec: BuilderSpec,
  deps: StartProcessDeps,
  signal: AbortSignal,
): Promise<RunningBuilder<UnixEndpoint>> {
  const { record, host, clock } = deps
  const { files, cgroups, network } = deps.traceDeps
  const { builderId } = spec
  const template = await ensureRootTemplate(host.stateFolder, deps.programs)
  const disk = record.kept?.image ?? files.disk
  const mounts = mountTable({
    root: files.root,
    template: template.folder,
    etc: files.etc,
    socketFolder: files.socketFolder,
    disk,
    kept: record.kept !== undefined,
    firstUser: record.firstUser,
    shown: template.shown,
    devices,
    hierarchies: host.hierarchies,
  })
  await allSettled([
    cgroups.create(builderId, spec.limits),
    ensureDisk(spec, deps, signal),
    writeEtc(files.etc, { spec, nameservers: network?.nameservers ?? [], template }),
    writeFile(files.mounts, mounts),
  ])
  signal.throwIfAborted()
  const secondsLeft = Math.max(1, Math.ceil((spec.endsAtMs - clock.now()) / 1_000))
  const { firstUser } = record
  const options = { builderId, folder: files.folder, firstUser, secondsLeft, cgroups: cgroups.foldersOf(builderId) }
  const launched = await launchBuilder(options, signal)
  if (spec.egress === 'internet') await network?.attach({ builderId, pid: launched.pid }, signal)
  launched.go()
  const ended = endOfLaunched(spec, launched, deps)
  await untilListening(deps, ended, signal)
  await checkProcessBoundary(builderId, record, cgroups).catch(async error => {
    // What is missing may be missing because it has just ended.
    const end = await Promise.race([ended, clock.sleep(endedMsMax)])
    throw end ? new Error(`BuildKit did not stay: ${end.detail}`, { cause: error }) : error
  })
  return { endpoint: unixEndpoint(files.socketPath), ended }
}

/** As `Promise.all`, but nothing is still being made when it rejects, so that all of it can be removed then. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work)
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

async function ensureDisk(spec: BuilderSpec, deps: StartProcessDeps, signal: AbortSignal): Promise<void> {
  const { record, traceDeps, projectDiskBytes } = deps
  const owner = { uid: record.firstUser, gid: record.firstUser }
  if (record.kept) await ensureKeptImage(record.kept, { bytes: projectDiskBytes, owner, signal })
  else await makeDiskImage(traceDeps.files.disk, { bytes: spec.limits.diskBytes, owner, journal: false, signal })
}

async function untilListening(
  { traceDeps, clock }: StartProcessDeps,
  ended: Promise<BuilderEnd>,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = clock.now() + listenMsMax
  let reason: string | undefined
  void ended.then(({ detail }) => {
    reason = detail
  })
  while (!(await traceDeps.files.takeSocket())) {
    if (reason !== undefined) throw new Error(`BuildKit did not start: ${reason}`)
    if (clock.now() > deadlineMs) throw new Error(`BuildKit does not listen within ${listenMsMax} ms`)
    await clock.sleep(lookMs, signal)
  }
}

/** Never rejects. */
async function endOfLaunched(
  spec: BuilderSpec,
  { exited }: LaunchedBuilder,
  { traceDeps, clock }: StartProcessDeps,
): Promise<BuilderEnd> {
  const exit = await exited
  const memoryKills = await traceDeps.cgroups.memoryKills(spec.builderId)
  return builderEndOf({ ...exit, memoryKills, timeIsOver: clock.now() >= spec.endsAtMs })
}
