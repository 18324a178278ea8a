import { join } from 'node:path'
import { bundleClaimant } from '@forkproof/claimant/bundle'
import type { BuildState } from '@forkproof/contracts/build'
import { claimantFolder } from '@forkproof/local/compose'
import { type BuildWorkflow, buildSearchAttributes, buildWorkflow, stateQuery } from '@forkproof/workflows/builds/api'
import type { WorkflowHandle } from '@temporalio/client'
import { machineInventory } from '../builders/machine-inventory.ts'
import { accessToken, createProject, forkRunWithToken } from '../builds.ts'
import { openSealedMachine, type SealedMachine } from '../depot/sealed-machine.ts'
import { openSystem, type TestSystem } from '../system-harness.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { until } from '../until.ts'

/** Longer than the five seconds after which Depot's client speaks again. */
export const clientGoneSeconds = 7
const foundMsMax = 30_000
const buildersAtOnceMax = 8

export const forkproofProgram = join(claimantFolder, 'dist', 'cli.js')

/** A fork's run in progress that a project admits. */
export interface Admitted {
  readonly runId: number
  readonly project: string
  readonly bearer: string
}

/** The whole system without warm builders, so that the machine before and after a build can be compared word for word. */
export interface ClientWorld {
  readonly world: TestSystem
  readonly machine: SealedMachine
  readonly buildersFolder: string
  /** What the machine holds of any builder of this world. */
  readonly inventory: () => Promise<readonly string[]>
}

export async function openClientWorld(): Promise<ClientWorld> {
  await bundleClaimant()
  const stateFolder = await temporaryFolder()
  const cgroup = `/forkproof-clients-${process.pid}`
  const world = await openSystem({
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
  const { depot, builders, githubApi } = world.system.addresses
  const portOf = (url: string) => Number(new URL(url).port)
  const ports = [world.issuer, githubApi, `http://${builders}`].map(portOf)
  const machine = await openSealedMachine(portOf(world.issuer), { api: { port: portOf(depot) }, ports })
  const buildersFolder = join(stateFolder, 'builders')
  const inventory = async () => {
    const found = await machineInventory({ words: [cgroup, stateFolder], folders: [buildersFolder] })
    // Other suites make links meanwhile; these builders have none. The cgroup around all builders comes with the first one.
    return found.filter(line => !line.startsWith('link ') && !line.endsWith(cgroup))
  }
  return { world, machine, buildersFolder, inventory }
}

export async function admittedFork(world: TestSystem): Promise<Admitted> {
  const { repository, run, idToken } = await forkRunWithToken(world)
  const project = await createProject(world, [{ repository, eventClass: 'fork_pull_request' }])
  return { runId: run.id, project, bearer: await accessToken(world, idToken, project) }
}

export type BuildHandle = WorkflowHandle<BuildWorkflow>

/** The one build of a run, whoever started it, as its operator finds it. */
export async function buildOfRun({ temporal }: TestSystem, runId: number): Promise<BuildHandle> {
  const query = `WorkflowType = '${buildWorkflow}' AND ${buildSearchAttributes.runId.name} = '${runId}'`
  const ids: string[] = []
  const listed = async () => {
    for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId)
    return ids.length > 0
  }
  // Visibility follows the history with a little delay.
  await until(`run ${runId} has a build`, listed, { msMax: foundMsMax })
  if (ids.length > 1) throw new Error(`run ${runId} has ${ids.length} builds`)
  return temporal.workflow.getHandle<BuildWorkflow>(ids[0] ?? '')
}

export async function readyState(handle: BuildHandle): Promise<BuildState> {
  let state: BuildState | undefined
  const isReady = async () => {
    state = await handle.query<BuildState>(stateQuery)
    return state.platforms.length > 0 && state.platforms.every(one => one.state === 'ready')
  }
  await until('the build’s builders are ready', isReady, { msMax: foundMsMax })
  if (!state) throw new Error('no state')
  return state
}
