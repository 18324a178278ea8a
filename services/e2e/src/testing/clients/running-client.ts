import type { BuildOutcome, BuildState } from '@forkproof/contracts/build'
import type { ReleaseReason } from '@forkproof/contracts/builder'
import { expect, inject } from 'vitest'
import { ObservedBuilder } from '../builders/observed-builder.ts'
import { commandLineOf, descendantsOf } from '../process-tree.ts'
import { imageContext } from '../remote-build.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { waitUntil } from '../wait-until.ts'
import { admittedFork, type BuildWorkflowHandle, buildOfRun, type ClientHarness, readyState } from './client-harness.ts'
import {
  type BegunClient,
  type ClientBeginning,
  type ClientName,
  clientBeginnings,
  clientProgram,
} from './start-client.ts'

const beginMsMax = 30_000
const runSeconds = 600

/** A build whose client waits in a RUN that does not end by itself. */
export interface RunningClient extends BegunClient {
  readonly client: ClientName
  /** Process id of the client itself, not of its wrapper. */
  readonly clientPid: number
  readonly handle: BuildWorkflowHandle
  readonly builder: ObservedBuilder
}

export async function runningClient(
  harness: ClientHarness,
  client: ClientName,
  beginning: ClientBeginning,
): Promise<RunningClient> {
  const of = await admittedFork(harness)
  const place = { probe: inject('programs').probe, folder: await temporaryFolder() }
  const context = await imageContext(place, [`RUN ["/probe","sleep","${runSeconds}"]`])
  const begun = await clientBeginnings[beginning](harness, { client, of, context })
  const { program } = begun
  const handle = await buildOfRun(harness, of.runId)
  const builder = new ObservedBuilder(await readyState(handle), harness.buildersFolder)
  const inRun = async () => {
    if (program.over) throw new Error(`${client} ended before its RUN began:\n${program.output}`)
    return (await builder.pids('/probe sleep')).length > 0
  }
  await waitUntil(`${client} is in its RUN`, inRun, { msMax: beginMsMax, everyMs: 20 })
  const clientPid = [program.pid, ...descendantsOf(program.pid)].find(pid =>
    commandLineOf(pid).startsWith(clientProgram(client)),
  )
  if (clientPid === undefined) throw new Error(`no process of ${client}`)
  return { ...begun, client, clientPid, handle, builder }
}

export interface BuildEnd {
  readonly outcome: BuildOutcome
  readonly released: ReleaseReason
}

/** Expects this end within the time, a clean receipt, and nothing of the builder on the machine. */
export async function expectBuildEnd(running: RunningClient, end: BuildEnd, msMax: number): Promise<void> {
  const state = await endedState(running, msMax)
  expect(state, `${running.client}: ${JSON.stringify(state)}`).toMatchObject({
    outcome: end.outcome,
    platforms: [{ state: 'destroyed', reason: end.released, receipt: { leftovers: [] } }],
  })
  expect(await running.builder.traces(), running.client).toEqual([])
}

async function endedState({ handle, client }: RunningClient, msMax: number): Promise<BuildState> {
  let state: BuildState | undefined
  const result = handle.result().then(ended => {
    state = ended
    return ended
  })
  result.catch(() => undefined)
  await waitUntil(`the build of ${client} ends`, () => state !== undefined, { msMax, everyMs: 20 })
  return result
}

/** Expects that the client ends with an error that has neither a secret nor internals in it. */
export async function expectFailure({ client, program }: RunningClient, msMax: number) {
  await waitUntil(`${client} ends`, () => program.over, { msMax, everyMs: 20 })
  const exit = await program.exited
  expect(exit.code, `${client}: ${program.output}`).toBeGreaterThan(0)
  expect(program.output).not.toMatch(/eyJ[A-Za-z0-9_-]{10}|fp[abt]_[A-Za-z0-9_-]{10}|PRIVATE KEY/)
  expect(program.output).not.toMatch(/\.ts:\d+|node_modules|node:internal|panic|goroutine/)
  return exit
}

/** Expects that no process of the client or its wrapper is left. */
export const expectNoProcess = ({ client, program }: RunningClient, msMax: number): Promise<void> =>
  waitUntil(`nothing of ${client} is left`, () => program.over && program.remains().length === 0, {
    msMax,
    everyMs: 20,
  })
