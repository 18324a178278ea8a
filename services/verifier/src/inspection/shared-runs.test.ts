import { RepositoryName, RunId } from '@forkproof/contracts/ids'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, test } from 'vitest'
import type { RunTarget } from '../github/run-target.ts'
import { brokenSources } from '../testing/fake-sources.ts'
import { aQuestion } from '../testing/inspection-harness.ts'
import { SharedRuns } from './shared-runs.ts'

function sharedRuns() {
  const opened: { target: RunTarget; signal: AbortSignal }[] = []
  const runs = new SharedRuns((target, signal) => {
    opened.push({ target, signal })
    return brokenSources(new Error('nothing is read in this test'), new FakeClock())
  })
  return { opened, runs }
}

describe('readings', () => {
  test('of one run are shared and closed with the last who needs them', async () => {
    const { opened, runs } = sharedRuns()
    const one = Promise.withResolvers<void>()
    const other = Promise.withResolvers<void>()
    const upper = aQuestion({ repository: RepositoryName.parse('Base-Org/Project') })
    const uses = [runs.use(aQuestion(), () => one.promise), runs.use(upper, () => other.promise)]
    expect([opened.length, runs.size]).toEqual([1, 1])
    one.resolve()
    await uses[0]
    expect(opened[0]?.signal.aborted).toBe(false)
    other.reject(new Error('failed'))
    await expect(uses[1]).rejects.toThrow('failed')
    expect([opened[0]?.signal.aborted, runs.size]).toEqual([true, 0])
  })
  test('of different runs are apart', async () => {
    const { opened, runs } = sharedRuns()
    const never = new Promise<void>(() => undefined)
    void runs.use(aQuestion(), () => never)
    void runs.use(aQuestion({ runId: RunId.parse('9000000002') }), () => never)
    expect(opened).toHaveLength(2)
  })
})
