import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { beforeEach, describe, expect, it } from 'vitest'
import { completeJob, createJob, patchJob, startJob } from './change-jobs.ts'
import { createRepository } from './change-repositories.ts'
import { addAttempt, createRun, setRunStatus } from './change-runs.ts'
import { GithubStore, latestAttempt } from './github-store.ts'
import { leastAdvanced } from './run-status.ts'
import { type RunStatus, runStatuses, type StoredRun } from './stored-types.ts'

/** As cli/cli#13972 and skillberry-ai/cap-evolve#228 saw it; the places of `requested` and `waiting` are assumed. */
const expectedOrder = ['requested', 'waiting', 'pending', 'queued', 'in_progress', 'completed'] as const

describe("a run's status", () => {
  const clock = new FakeClock()
  let store: GithubStore
  let run: StoredRun
  beforeEach(() => {
    store = new GithubStore(clock)
    run = createRun(store, createRepository(store, { owner: 'o', name: 'r' }), { status: 'queued' })
  })
  const add = (...statuses: RunStatus[]) => statuses.map(status => createJob(store, run, { status }))
  const shown = () => {
    const { status, conclusion } = latestAttempt(run)
    return [status, conclusion]
  }

  it.each(runStatuses.flatMap(one => runStatuses.map(other => [one, other] as const)))(
    'is the less advanced of %s and %s',
    (one, other) => {
      add(one, other)
      const less = expectedOrder.find(status => status === one || status === other)
      expect(shown()[0]).toBe(less)
    },
  )

  it('is not completed while a single job is not', () => {
    const [first] = add('in_progress', 'queued')
    if (first !== undefined) completeJob(store, first, 'failure')
    expect(shown()).toEqual(['queued', null])
  })

  it('goes back to queued when a job joins that waits for a runner', () => {
    add('in_progress')
    expect(shown()).toEqual(['in_progress', null])
    add('queued')
    expect(shown()).toEqual(['queued', null])
  })

  it('is not moved by a job of an older attempt', () => {
    const [old] = add('in_progress')
    addAttempt(store, run, { status: 'queued' })
    add('queued')
    if (old !== undefined) patchJob(store, old, { status: 'in_progress' })
    expect(shown()).toEqual(['queued', null])
  })

  it('stays what it is while there are no jobs', () => {
    setRunStatus(store, run, 'waiting')
    expect(shown()).toEqual(['waiting', null])
  })

  it('follows each job to the end and concludes by all of them', () => {
    const jobs = add('queued', 'queued')
    for (const job of jobs) startJob(store, job, 'r')
    expect(shown()).toEqual(['in_progress', null])
    for (const [index, job] of jobs.entries()) completeJob(store, job, index === 0 ? 'cancelled' : 'success')
    expect(shown()).toEqual(['completed', 'cancelled'])
  })

  it('does not end with its jobs while others are still to come', () => {
    latestAttempt(run).hasJobsToCome = true
    for (const job of add('in_progress')) completeJob(store, job, 'success')
    expect(shown()).toEqual(['in_progress', null])
  })

  it('that is set moves the jobs that are not over, and only those', () => {
    const [done, open] = add('completed', 'in_progress')
    setRunStatus(store, run, 'waiting')
    expect([done?.status, open?.status, shown()]).toEqual(['completed', 'waiting', ['waiting', null]])
    setRunStatus(store, run, 'completed', 'cancelled')
    expect([done?.conclusion, open?.conclusion, shown()]).toEqual(['success', 'cancelled', ['completed', 'cancelled']])
    setRunStatus(store, run, 'in_progress')
    expect([done?.status, open?.status, shown()]).toEqual(['in_progress', 'in_progress', ['in_progress', null]])
  })

  it('is told to followers once for its start and once for its end, whatever the jobs do', () => {
    const [first, second] = add('queued', 'queued')
    if (first === undefined || second === undefined) throw new Error('no jobs')
    startJob(store, first, 'r')
    startJob(store, second, 'r')
    add('queued')
    setRunStatus(store, run, 'completed', 'failure')
    const types = store.feed(run.id).events.map(event => event.type)
    expect(types.filter(type => type.startsWith('run-'))).toEqual(['run-started', 'run-completed'])
  })

  it('of a run with jobs unlike the one asked for is that of the jobs', () => {
    setRunStatus(store, run, 'completed', 'success')
    add('in_progress')
    expect(shown()).toEqual(['in_progress', null])
  })

  it('of no jobs is nothing', () => {
    expect(leastAdvanced([])).toBeUndefined()
  })
})
