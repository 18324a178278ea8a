import type { BuilderId } from '@forkproof/contracts/ids'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import { runSystemProgram } from '../../host/run-program.ts'
import { leaveKeptState } from '../disks/kept-state.ts'
import type { BuilderFilesRecord } from './builder-files.ts'
import type { Cgroups } from './cgroups.ts'
import { isInit, readProcess } from './process-table.ts'
import { builderProcesses, loopsOf, type ProcessTraceDeps, processTracesOf } from './process-traces.ts'

/** A project's BuildKit without clients ends within this; its cache then holds everything that it has promised. */
const orderlyMsMax = 500
const emptyMsMax = 3_000
/** The kernel lets go of a disk image a moment after the last process that saw it. */
const releaseMsMax = 2_000
const lookMs = 5
const attemptsMax = 3

/** Ends the builder and removes all of it. @throws with what is left */
export async function destroyProcessBuilder(
  builderId: BuilderId,
  record: BuilderFilesRecord | undefined,
  places: ProcessTraceDeps,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  let left: readonly string[] = []
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    await removeAll(builderId, record, places, signal, clock)
    left = await processTracesOf(builderId, record, places, signal)
    if (left.length === 0) return
  }
  throw new Error(`builder ${builderId} is not all gone: ${left.slice(0, 10).join(', ')}`)
}

async function removeAll(
  builderId: BuilderId,
  record: BuilderFilesRecord | undefined,
  { files, cgroups, network }: ProcessTraceDeps,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const waiting = { signal, clock }
  if (record?.kept) await endInOrder(builderId, cgroups, waiting)
  await killAll(builderId, record, cgroups, waiting)
  await network?.detach(builderId, signal)
  await cgroups.remove(builderId)
  const loops = () => loopsOf(builderId, record, files)
  if (!(await within(releaseMsMax, async () => (await loops()).length === 0, waiting))) {
    for (const device of await loops()) await runSystemProgram('losetup', ['--detach', device], { signal })
  }
  if (record?.kept) await leaveKeptState(record.kept.lock, builderId)
  await files.remove()
}

/** SIGTERM waits for running builds without a bound, so it is only a chance: docs/facts/buildkit.md#stopping. */
async function endInOrder(builderId: BuilderId, cgroups: Cgroups, waiting: WaitOptions): Promise<void> {
  const processes = (await cgroups.processes(builderId)).map(pid => readProcess(pid))
  for (const one of processes) if (one?.name === 'buildkitd') sendSignal('SIGTERM', one.pid)
  await within(orderlyMsMax, async () => (await cgroups.processes(builderId)).length === 0, waiting)
}

/**
 * Process 1 of the builder first: the kernel then ends everything in its PID namespace, and the programs that started
 * it reap it and end in turn.
 * If those were killed first, process 1 of the machine would inherit what is below.
 */
async function killAll(
  builderId: BuilderId,
  record: BuilderFilesRecord | undefined,
  cgroups: Cgroups,
  waiting: WaitOptions,
): Promise<void> {
  const first = await builderProcesses(builderId, record, cgroups)
  for (const one of first) if (isInit(one)) sendSignal('SIGKILL', one.pid)
  const gone = async () => (await cgroups.processes(builderId)).length === 0
  if (first.some(isInit) && (await within(emptyMsMax / 2, gone, waiting))) return
  // It was not so far yet that it had one, or something has left the namespace.
  const ended = within(
    emptyMsMax / 2,
    async () => {
      const rest = await builderProcesses(builderId, record, cgroups)
      for (const { pid } of rest) sendSignal('SIGKILL', pid)
      return rest.length === 0 && (await gone())
    },
    waiting,
  )
  await ended
}

function sendSignal(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It is over, which is what we want.
  }
}

interface WaitOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
}

async function within(ms: number, condition: () => Promise<boolean>, { signal, clock }: WaitOptions): Promise<boolean> {
  const deadlineMs = clock.now() + ms
  while (!(await condition())) {
    if (clock.now() > deadlineMs) return false
    await clock.sleep(lookMs, signal)
  }
  return true
}
