import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'

/**
 * Recorded histories (`npm run histories`) against today's code: a claim or build in flight during an upgrade must go on as it began.
 */
const histories = ['build', 'claim', 'inspect', 'keys'].flatMap(workflow =>
  readdirSync(join(import.meta.dirname, workflow, 'histories')).map(file => ({
    name: `${workflow}/${file}`,
    history: JSON.parse(readFileSync(join(import.meta.dirname, workflow, 'histories', file), 'utf8')),
  })),
)
const replay = (bundle: string, history: unknown) =>
  Worker.runReplayHistory({ workflowsPath: join(import.meta.dirname, bundle) }, history, 'claim-replayed')

beforeAll(() => {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR', () => undefined) })
})

describe('recorded histories', () => {
  it('exist for every workflow', () => {
    expect(histories.map(({ name }) => name).sort()).toEqual([
      'build/finished.json',
      'build/refused.json',
      'build/retried.json',
      'claim/proven.json',
      'claim/refused.json',
      'claim/signer-fault.json',
      'inspect/running.json',
      'keys/rotate.json',
      'keys/status.json',
    ])
  })

  it.each(histories)('$name replays with today’s workflows', async ({ history }) => {
    await expect(replay('bundle.ts', history)).resolves.toBeUndefined()
  })

  it('of a proven claim does not replay with a workflow that mints before it watches', async () => {
    const proven = histories.find(({ name }) => name === 'claim/proven.json')
    await expect(replay('claim/testing/broken-workflow.ts', proven?.history)).rejects.toThrow(
      /[Nn]ondeterminism|Determinism/,
    )
  })

  it('of a finished build does not replay with a workflow that asks for a builder before the run is confirmed', async () => {
    const finished = histories.find(({ name }) => name === 'build/finished.json')
    await expect(replay('build/testing/broken-workflow.ts', finished?.history)).rejects.toThrow(
      /[Nn]ondeterminism|Determinism/,
    )
  })
})
