import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, it } from 'vitest'
import { createArtifact, finalizeArtifact, markArtifactDeleted } from './change-artifacts.ts'
import { addStep, appendLog, createJob, patchStep } from './change-jobs.ts'
import { createRepository } from './change-repositories.ts'
import { createRun } from './change-runs.ts'
import { GithubStore } from './github-store.ts'
import { isArtifactListed, logTailAsOf, stepsAsOf } from './lagged-reads.ts'

describe('the state as it was some time ago', () => {
  const begin = () => {
    const clock = new FakeClock(1_000)
    const store = new GithubStore(clock)
    const run = createRun(store, createRepository(store, { owner: 'o', name: 'r' }), {})
    return { clock, store, run, job: createJob(store, run, {}) }
  }

  it('has steps with the name and status of then, and not those that came later', () => {
    const { clock, store, job } = begin()
    addStep(store, job, { name: 'first' })
    clock.advance(10)
    patchStep(store, job, 1, { name: 'renamed' })
    addStep(store, job, { name: 'second' })
    clock.advance(10)
    patchStep(store, job, 1, { status: 'completed' })
    const names = (asOf: number) => stepsAsOf(job, asOf).map(step => `${step.name} ${step.status}`)
    expect(names(999)).toEqual([])
    expect(names(1_009)).toEqual(['first in_progress'])
    expect(names(1_010)).toEqual(['renamed in_progress', 'second in_progress'])
    expect(names(1_020)).toEqual(['renamed completed', 'second in_progress'])
  })

  it("has the last of one step's lines that were out, with their place in the step", () => {
    const { clock, store, job } = begin()
    appendLog(store, job, 1, ['a', 'b'])
    appendLog(store, job, 2, ['other'])
    clock.advance(10)
    appendLog(store, job, 1, ['c'])
    const seen = (asOf: number) => logTailAsOf(job, 1, asOf, 2).map(({ index, entry }) => `${index} ${entry.line}`)
    expect([seen(999), seen(1_000), seen(1_010)]).toEqual([[], ['0 a', '1 b'], ['1 b', '2 c']])
  })

  it('has artifacts from their finalizing to their deletion', () => {
    const { clock, store, run } = begin()
    const artifact = createArtifact(store, run, { name: 'x', finalized: false })
    clock.advance(10)
    finalizeArtifact(store, artifact, {})
    clock.advance(10)
    markArtifactDeleted(store, artifact)
    expect([1_000, 1_009, 1_010, 1_019, 1_020].map(asOf => isArtifactListed(artifact, asOf))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ])
  })

  it('refuses to delete an artifact twice', () => {
    const { store, run } = begin()
    const artifact = createArtifact(store, run, { name: 'x' })
    markArtifactDeleted(store, artifact)
    expect(() => markArtifactDeleted(store, artifact)).toThrow('no artifact')
  })
})
