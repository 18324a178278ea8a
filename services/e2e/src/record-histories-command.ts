import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { silentLogger } from '@forkproof/infra/log'
import { installTemporalRuntime } from '@forkproof/infra/temporal'
import { readConfig } from '@forkproof/local/config'
import { Supervisor } from '@forkproof/local/processes/supervisor'
import { freePorts } from '@forkproof/local/running/free-ports'
import { findPrograms } from '@forkproof/local/running/programs'
import { startTemporal } from '@forkproof/local/servers/temporal'
import { Progress } from '@forkproof/local/tools/progress'
import { progressOutput } from '@forkproof/local/tools/progress-output'
import { buildTaskQueue } from '@forkproof/workflows/builds/api'
import { eventsOf, sampleBuild } from '@forkproof/workflows/builds/testing/sample-build'
import { claimTaskQueue, claimWorkflow, claimWorkflowId, proofSeenSignal } from '@forkproof/workflows/claims/api'
import type { GithubActivities, SigningActivities } from '@forkproof/workflows/claims/ports'
import { sampleClaim, sampleProof } from '@forkproof/workflows/claims/testing/sample-claim'
import { inspectWorkflow } from '@forkproof/workflows/inspect/api'
import { changeKeysWorkflow, keysTaskQueue, rotateKeysWorkflow } from '@forkproof/workflows/keys/api'
import { githubTaskQueue, signingTaskQueue } from '@forkproof/workflows/task-queues'
import { Client, Connection } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { NativeConnection, Worker } from '@temporalio/worker'
import { openScriptedBuildHarness, type ScriptedBuild, willingNode } from './testing/scripted-build-harness.ts'
import type { TemporalHarness } from './testing/temporal-harness.ts'

/**
 * `npm run histories`: runs each workflow with scripted activities on a real Temporal server and writes the histories
 * that the replay test checks every later change against. Run it after a workflow was changed on purpose, when no
 * execution with the old history is in flight any more.
 */
const folder = await mkdtemp(join(tmpdir(), 'forkproof-histories-'))
await mkdir(join(folder, 'logs'))
const supervisor = await Supervisor.open(join(folder, 'logs'))
try {
  await record()
} finally {
  await supervisor.stopAll()
  await rm(folder, { recursive: true, force: true })
}

async function record(): Promise<void> {
  const progress = new Progress(progressOutput(process.stderr, process.env))
  const { temporal } = await findPrograms(readConfig(process.env), { progress, watchdog: supervisor.watchdog })
  const [port = 0] = await freePorts(1)
  const { address } = await startTemporal(supervisor, { program: temporal, port, stateFolder: folder })
  installTemporalRuntime(silentLogger)
  const connection = await NativeConnection.connect({ address })
  const clientConnection = await Connection.connect({ address })
  const client = new Client({ connection: clientConnection })
  const workers = await startWorkers(connection, client)
  const running = workers.map(worker => worker.run())
  for (const name of ['proven', 'refused', 'signer-fault']) {
    const order = sampleClaim(name)
    const id = claimWorkflowId(order.claimId)
    await client.workflow.execute(claimWorkflow, { taskQueue: claimTaskQueue, workflowId: id, args: [order] })
    await save(client, id, 'claims', name)
  }
  const keyWorkflows = [
    { type: changeKeysWorkflow, name: 'status', args: [{ operation: 'status' }] },
    { type: rotateKeysWorkflow, name: 'rotate', args: [] },
  ]
  for (const { type, name, args } of keyWorkflows) {
    await client.workflow.execute(type, { taskQueue: keysTaskQueue, workflowId: type, args })
    await save(client, type, 'keys', name)
  }
  for (const worker of workers) worker.shutdown()
  await Promise.all(running)
  await recordBuilds(connection, client)
  await connection.close()
  await clientConnection.close()
}

async function startWorkers(connection: NativeConnection, client: Client): Promise<Worker[]> {
  const refusedId = sampleClaim('refused').claimId
  const faultyId = sampleClaim('signer-fault').claimId
  let faults = 0
  const watchForProof: GithubActivities['watchForProof'] = async order => {
    if (order.claimId === refusedId) return { outcome: 'refused', reason: 'not_a_fork', detail: 'head is base' }
    await client.workflow.getHandle(claimWorkflowId(order.claimId)).signal(proofSeenSignal, sampleProof)
    return { outcome: 'proven' }
  }
  const mintToken: SigningActivities['mintToken'] = async ({ order }) => {
    if (order.claimId === faultyId && faults++ === 0) throw new Error('scripted fault')
    return { outcome: 'minted', tokenId: 'token', sealedToken: 'sealed' }
  }
  const keys = async () => ({ outcome: 'done', keys: [] })
  const workflowsPath = fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle'))
  return Promise.all([
    Worker.create({
      connection,
      taskQueue: claimTaskQueue,
      workflowsPath,
      activities: { publishEvent: async () => {} },
    }),
    Worker.create({ connection, taskQueue: githubTaskQueue, activities: { watchForProof } }),
    Worker.create({
      connection,
      taskQueue: signingTaskQueue,
      activities: { mintToken, changeKeys: keys, rotateKeys: keys },
    }),
  ])
}

/** With workers of its own, since the scripts of claims and builds share the task queue of GitHub's activities. */
async function recordBuilds(connection: NativeConnection, client: Client): Promise<void> {
  const stops: (() => Promise<void>)[] = []
  const work: TemporalHarness['work'] = async options => {
    const worker = await Worker.create({ connection, ...options })
    const running = worker.run()
    const stop = async () => {
      worker.shutdown()
      await running
    }
    stops.push(stop)
    return stop
  }
  const scripted = await openScriptedBuildHarness({ client, work })
  await scripted.orchestrate()
  const play = async (name: string, script: (build: ScriptedBuild) => Promise<unknown>, start?: Partial<BuildSpec>) => {
    const build = scripted.make(sampleBuild(`history ${name}`, start))
    await script(build)
    await build.result()
    await save(client, build.handle.workflowId, 'builds', name)
  }
  await play('finished', async build => {
    await build.start()
    await build.isReady()
    await build.finish()
  })
  await play('refused', build => {
    build.inspect = async () => ({ outcome: 'refused', reason: 'not_a_fork' })
    return build.start()
  })
  await play(
    'retried',
    async build => {
      build.node = (command, self) =>
        self.kinds.length > 1
          ? willingNode(command, self)
          : self.signal(eventsOf(command.data).failed('builder_lost', true))
      await build.start()
      await build.connect({ platform: 'linux/amd64', waitMs: 20_000 })
      await build.handle.cancel()
    },
    { wishes: [] },
  )
  const question = scripted.make(sampleBuild('history inspected')).spec.run
  const options = { taskQueue: buildTaskQueue, workflowId: inspectWorkflow, args: [question] }
  await client.workflow.execute(inspectWorkflow, options)
  await save(client, inspectWorkflow, 'inspect', 'running')
  for (const stop of stops) await stop()
}

async function save(client: Client, workflowId: string, workflow: string, name: string): Promise<void> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory()
  const target = fileURLToPath(new URL(`../histories/${workflow}/${name}.json`, import.meta.url))
  await mkdir(join(target, '..'), { recursive: true })
  // A replay does not need to know who ran it, and where.
  const text = JSON.stringify(JSON.parse(historyToJSON(history)), withoutPlace, 1)
  await writeFile(target, `${text}\n`)
}

function withoutPlace(key: string, value: unknown): unknown {
  // A sticky task queue is named after the process and its machine.
  const isPlace = typeof value === 'string' && /^\d+@/.test(value)
  return isPlace || key === 'identity' || key === 'stackTrace' ? 'recorder' : value
}
