import { describe, expect, it } from 'vitest'
import type { JobConclusion } from '../runner/runner-port.ts'
import type { JobDefinition, WorkflowDefinition } from '../runner/workflow-definition.ts'
import { mergeConclusions } from '../store/run-status.ts'
import { jobName, jobScope } from './job-name.ts'
import { checkNeeds, type JobOutcome, matrixLegs, mergeOutcomes, statusForCondition } from './job-plan.ts'

const steps = [{ run: 'true' }]
const outcome = (result: JobConclusion): JobOutcome => ({ result, outputs: {} })
const expression = (text: string) => `\${{ ${text} }}`
const workflow = (needs: Record<string, string[]>): WorkflowDefinition => ({
  jobs: Object.fromEntries(Object.entries(needs).map(([key, list]) => [key, { needs: list, steps }])),
})

describe('the plan of jobs', () => {
  it('refuses needs that name nothing', () => {
    expect(() => checkNeeds(workflow({ a: ['b'] }))).toThrow('job a needs b, which does not exist')
    expect(() => checkNeeds(workflow({ a: ['toString'] }))).toThrow('does not exist')
  })

  it.each([{ a: ['a'] }, { a: ['b'], b: ['a'] }, { a: [], b: ['c'], c: ['d'], d: ['b'] }])(
    'refuses needs that go round: %j',
    needs => {
      expect(() => checkNeeds(workflow(needs as Record<string, string[]>))).toThrow('round in a circle')
    },
  )

  it('accepts needs in any order of writing', () => {
    expect(() => checkNeeds(workflow({ c: ['b', 'a'], b: ['a'], a: [] }))).not.toThrow()
  })

  it('makes every combination of a matrix, and one leg without', () => {
    const job: JobDefinition = { steps, strategy: { matrix: { os: ['a', 'b'], n: [1, 2] } } }
    expect(matrixLegs(job)).toEqual([
      { os: 'a', n: 1 },
      { os: 'a', n: 2 },
      { os: 'b', n: 1 },
      { os: 'b', n: 2 },
    ])
    expect(matrixLegs({ steps })).toEqual([{}])
  })

  it('refuses a matrix with more than 256 combinations', () => {
    const values = Array.from({ length: 17 }, (_, index) => index)
    expect(() => matrixLegs({ steps, strategy: { matrix: { a: values, b: values } } })).toThrow('at most 256')
  })

  it('is a failure for a job when something far up failed or was skipped', () => {
    const needs = workflow({ a: [], b: ['a'], c: ['b'] })
    const status = (a: JobConclusion, b: JobConclusion) =>
      statusForCondition(needs, 'c', new Map(Object.entries({ a: outcome(a), b: outcome(b) })))
    expect(status('success', 'success')).toBe('success')
    expect(status('failure', 'success')).toBe('failure')
    expect(status('success', 'skipped')).toBe('failure')
  })

  it.each([
    [['success', 'skipped'], 'success'],
    [['skipped', 'skipped'], 'skipped'],
    [['success', 'cancelled'], 'cancelled'],
    [['cancelled', 'failure'], 'failure'],
    [[], 'success'],
  ] as const)('concludes %j as %s', (conclusions, expected) => {
    expect(mergeConclusions(conclusions)).toBe(expected)
  })

  it("lets a later leg's output replace an earlier one's", () => {
    const leg = (value: string) => ({ result: 'success', outputs: { v: value } }) as const
    expect(mergeOutcomes([leg('1'), leg('2')])).toEqual(leg('2'))
  })

  it('names jobs by key, matrix or expression, and cuts long names', () => {
    const needs = { claim: { result: 'success', outputs: { code: 'abc' } } } as const
    const scope = jobScope({ github: {}, matrix: { n: 1 }, needs, status: 'success' })
    expect(jobName('build', { steps }, {}, scope)).toBe('build')
    expect(jobName('build', { steps }, { n: 1, os: 'x' }, scope)).toBe('build (1, x)')
    expect(
      jobName(
        'b',
        { steps, name: `proof ${expression('needs.claim.outputs.code')} ${expression('matrix.n')}` },
        {},
        scope,
      ),
    ).toBe('proof abc 1')
    expect(jobName('b', { steps, name: 'x'.repeat(200) }, {}, scope)).toHaveLength(100)
  })
})
