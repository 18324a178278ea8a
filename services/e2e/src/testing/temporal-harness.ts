import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Lifecycle } from '@forkproof/infra/lifecycle'
import { silentLogger } from '@forkproof/infra/log'
import { connectTemporal, installTemporalRuntime } from '@forkproof/infra/temporal'
import { Supervisor } from '@forkproof/local/processes/supervisor'
import { freePorts } from '@forkproof/local/running/free-ports'
import { startTemporal } from '@forkproof/local/servers/temporal'
import type { Client } from '@temporalio/client'
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker'
import { inject } from 'vitest'
import { afterFile } from './after-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface TemporalHarness {
  readonly client: Client
  /** Runs a worker until the end of the file, or until the returned function is called. */
  readonly work: (options: Omit<WorkerOptions, 'connection'>) => Promise<() => Promise<void>>
}

/** A real Temporal server for one test file. */
export async function openTemporalHarness(): Promise<TemporalHarness> {
  const stateFolder = await temporaryFolder()
  const logs = join(stateFolder, 'logs')
  await mkdir(logs)
  const supervisor = await Supervisor.open(logs)
  const [port = 0] = await freePorts(1)
  const { address } = await startTemporal(supervisor, { program: inject('programs').temporal, port, stateFolder })
  installTemporalRuntime(silentLogger)
  const lifecycle = new Lifecycle()
  const client = connectTemporal({ address, namespace: 'default' }, lifecycle)
  const connection = await NativeConnection.connect({ address })
  const stops = new Set<() => Promise<void>>()
  afterFile(async () => {
    // An activity that a test left hanging keeps its worker from finishing; both end with this process.
    for (const stop of stops) await stop().catch(() => {})
    await lifecycle.shutdown()
    await connection.close()
    await supervisor.stopAll()
  })
  const work = async (options: Omit<WorkerOptions, 'connection'>) => {
    const worker = await Worker.create({ connection, shutdownForceTime: '3s', ...options })
    const running = worker.run()
    const stop = async () => {
      stops.delete(stop)
      worker.shutdown()
      await running
    }
    stops.add(stop)
    return stop
  }
  return { client, work }
}
