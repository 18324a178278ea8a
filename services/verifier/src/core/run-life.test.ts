import { describe, expect, test } from 'vitest'
import { aJob, aRun } from '../testing/fake-github-answers.ts'
import { checkLife } from './run-life.ts'

const statuses = ['queued', 'requested', 'waiting', 'pending', 'dreaming', '', 'x'.repeat(500)]

describe('a run that is not completed', () => {
  test.each(statuses)('is alive while a job of it is in progress, though it reads %j', status => {
    const jobs = [aJob({ id: 1, status: 'queued' }), aJob({ id: 2 }), aJob({ id: 3, status: 'waiting' })]
    expect(checkLife(aRun({ status }), jobs)).toEqual({ kind: 'fine' })
  })
  test('is alive while a job of it has a status that nobody knows yet', () => {
    expect(checkLife(aRun({ status: 'queued' }), [aJob({ status: 'dreaming' })])).toEqual({ kind: 'fine' })
  })
  test('is alive by its own word, with no job read', () => {
    expect(checkLife(aRun(), [])).toEqual({ kind: 'fine' })
  })
  test.each<[string, Record<string, unknown>[]]>([
    ['no job is listed', []],
    ['all its jobs wait', [{ status: 'queued' }, { status: 'waiting' }, { status: 'pending' }]],
    ['its jobs have completed', [{ status: 'completed' }, { status: 'queued' }]],
    ['the job is of an older attempt', [{ run_attempt: 2 }]],
    ['the job is of another run', [{ run_id: 1 }]],
    ['the job is of another commit', [{ head_sha: 'c'.repeat(40) }]],
  ])('may just lag when %s', (_, jobs) => {
    const decision = checkLife(aRun({ status: 'queued' }), jobs.map(aJob))
    expect(decision).toMatchObject({ kind: 'not-yet', reason: 'run_not_in_progress' })
  })
  test('has its status quoted at a bounded length', () => {
    const decision = checkLife(aRun({ status: 'x'.repeat(500) }), [])
    expect('detail' in decision && decision.detail?.length).toBeLessThan(150)
  })
})
