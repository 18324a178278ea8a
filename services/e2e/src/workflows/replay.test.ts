import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'

/**
 * Recorded histories (`npm run histories`) against today's code: a claim or build that is in flight during an upgrade
 * must go on as it began.
 */
const recorded = join(import.meta.dirname, '../../histories')
const histories = ['builds', 'claims', 'inspect', 'keys'].flatMap(workflow =>
  readdirSync(join(recorded, workflow)).map(file => ({
    name: `${workflow}/${file}`,
    history: JSON.parse(readFileSync(join(recorded, workflow, file), 'utf8')),
  })),
)
const replay = (module: string, history: unknown) => {
  const workflowsPath = fileURLToPath(import.meta.resolve(`@forkproof/workflows/${module}`))
  return Worker.runReplayHistory({ workflowsPath }, history, 'claim-replayed')
}

beforeAll(() => {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR', () => undefined) })
})

describe('recorded histories', () => {
  it('exist for every workflow', () => {
    expect(histories.map(({ name }) => name).sort()).toEqual([
      'builds/finished.json',
      'builds/refused.json',
      'builds/retried.json',
      'claims/proven.json',
      'claims/refused.json',
      'claims/signer-fault.json',
      'inspect/running.json',
      'keys/rotate.json',
      'keys/status.json',
    ])
  })

  it.each(histories)('$name replays with today’s workflows', async ({ history }) => {
    await expect(replay('bundle', history)).resolves.toBeUndefined()
  })

  it('of a proven claim does not replay with a workflow that mints before it watches', async () => {
    const proven = histories.find(({ name }) => name === 'claims/proven.json')
    await expect(replay('claims/testing/broken-workflow', proven?.history)).rejects.toThrow(
      /Nondeterminism error: Activity type .*'watchForProof' does not match .*'mintToken'/,
    )
  })

  it('of a finished build does not replay with a workflow that asks for a builder only after the run is confirmed', async () => {
    const finished = histories.find(({ name }) => name === 'builds/finished.json')
    // The first command, the inspection, is the same; the request that follows it is missing.
    await expect(replay('builds/testing/broken-workflow', finished?.history)).rejects.toThrow(
      /Nondeterminism error: No command scheduled for event/,
    )
  })
})
