import { join } from 'node:path'
import { bundleClaimant } from '@forkproof/claimant/bundle'
import type { BuildState } from '@forkproof/contracts/build'
import { claimantFolder } from '@forkproof/local/compose'
import { type BuildWorkflow, buildSearchAttributes, buildWorkflow, stateQuery } from '@forkproof/workflows/builds/api'
import type { WorkflowHandle } from '@temporalio/client'
import { createProject, forkRunWithToken, getAccessToken } from '../build-requests.ts'
import { machineInventory } from '../builders/machine-inventory.ts'
import { openSealedMachine, type SealedMachine } from '../depot/sealed-machine.ts'
import { openSystemHarness, type SystemHarness } from '../system-harness.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { waitUntil } from '../wait-until.ts'

/** Longer than the five seconds between two reports of Depot's client (docs/facts/depot.md#calls-and-failures). */
export const clientGoneSeconds = 7
const foundMsMax = 30_000
const buildersAtOnceMax = 8

export const forkproofProgram = join(claimantFolder, 'dist', 'cli.js')

/** A fork's run in progress that a project admits. */
export interface AdmittedFork {
  readonly runId: number
  readonly project: string
  readonly bearer: string
}

/** The whole system without warm builders, so that the machine's inventories before and after a build are equal. */
export interface ClientHarness extends SystemHarness {
  readonly machine: SealedMachine
  readonly buildersFolder: string
  /** Everything on the machine that belongs to a builder of this system. */
  readonly inventory: () => Promise<readonly string[]>
}

export async function openClientHarness(): Promise<ClientHarness> {
  await bundleClaimant()
  const stateFolder = await temporaryFolder()
  const cgroup = `/forkproof-clients-${process.pid}`
  const harness = await openSystemHarness({
    builders: true,
    extra: {
      'builder-provisioner': {
        FORKPROOF_PROVISIONER_STATE_FOLDER: stateFolder,
        FORKPROOF_PROVISIONER_PROCESS_CGROUP: cgroup,
        FORKPROOF_PROVISIONER_CLIENT_GONE_SECONDS: String(clientGoneSeconds),
        FORKPROOF_PROVISIONER_CAPACITY: String(buildersAtOnceMax),
        FORKPROOF_PROVISIONER_WARM: '0',
      },
    },
  })
  const { depot, builders, githubApi } = harness.system.addresses
  const portOf = (url: string) => Number(new URL(url).port)
  const ports = [harness.issuer, githubApi, `http://${builders}`].map(portOf)
  const machine = await openSealedMachine(portOf(harness.issuer), { api: { port: portOf(depot) }, ports })
  const buildersFolder = join(stateFolder, 'builders')
  const inventory = async () => {
    const found = await machineInventory({ words: [cgroup, stateFolder], folders: [buildersFolder] })
    // Other suites make links meanwhile; these builders have none. The first builder makes the cgroup around all.
    return found.filter(line => !line.startsWith('link ') && !line.endsWith(cgroup))
  }
  return { ...harness, machine, buildersFolder, inventory }
}

export async function admittedFork(harness: SystemHarness): Promise<AdmittedFork> {
  const { repository, run, idToken } = await forkRunWithToken(harness)
  const project = await createProject(harness, [{ repository, eventClass: 'fork_pull_request' }])
  return { runId: run.id, project, bearer: await getAccessToken(harness, idToken, project) }
}

export type BuildWorkflowHandle = WorkflowHandle<BuildWorkflow>

/** The only build of a run, found as an operator finds it. */
export async function buildOfRun({ temporal }: SystemHarness, runId: number): Promise<BuildWorkflowHandle> {
  const query = `WorkflowType = '${buildWorkflow}' AND ${buildSearchAttributes.runId.name} = '${runId}'`
  const ids: string[] = []
  const listed = async () => {
    for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId)
    return ids.length > 0
  }
  // Temporal's visibility follows the history with a short delay.
  await waitUntil(`run ${runId} has a build`, listed, { msMax: foundMsMax })
  if (ids.length > 1) throw new Error(`run ${runId} has ${ids.length} builds`)
  return temporal.workflow.getHandle<BuildWorkflow>(ids[0] ?? '')
}

export async function readyState(handle: BuildWorkflowHandle): Promise<BuildState> {
  let state: BuildState | undefined
  const isReady = async () => {
    state = await handle.query<BuildState>(stateQuery)
    return state.platforms.length > 0 && state.platforms.every(one => one.state === 'ready')
  }
  await waitUntil('the build’s builders are ready', isReady, { msMax: foundMsMax })
  if (!state) throw new Error('no state')
  return state
}
