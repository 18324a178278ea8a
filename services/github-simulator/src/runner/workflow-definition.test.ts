import { describe, expect, it } from 'vitest'
import { workflowDefinitionSchema } from './workflow-definition.ts'

const steps = [{ run: 'true' }]
const accepts = (value: unknown) => workflowDefinitionSchema.safeParse(value).success

describe('a workflow given as JSON', () => {
  it('is accepted with everything that a workflow may have', () => {
    const job = {
      name: 'x',
      needs: ['a'],
      if: 'always()',
      env: { A: '1' },
      outputs: { o: 'x' },
      'timeout-minutes': 0.1,
    }
    const strategy = { matrix: { os: ['linux'], size: [1, 2] }, 'max-parallel': 2 }
    expect(
      accepts({
        name: 'CI',
        permissions: { contents: 'read' },
        jobs: { a: { steps }, b: { ...job, strategy, steps } },
      }),
    ).toBe(true)
  })

  it.each([
    ['nothing', undefined],
    ['no jobs', { jobs: {} }],
    ['a job without steps', { jobs: { a: { steps: [] } } }],
    ['a job key that is no identifier', { jobs: { '../a': { steps } } }],
    ['a step that does nothing', { jobs: { a: { steps: [{ name: 'x' }] } } }],
    ['a step with run and uses', { jobs: { a: { steps: [{ run: 'a', uses: 'b' }] } } }],
    ['a step id that is no identifier', { jobs: { a: { steps: [{ id: 'a b', run: 'a' }] } } }],
    ['a misspelt key', { jobs: { a: { step: steps, steps } } }],
    ['an environment that is no text', { jobs: { a: { env: { A: 1 }, steps } } }],
    ['a negative timeout', { jobs: { a: { 'timeout-minutes': -1, steps } } }],
    ['an empty matrix dimension', { jobs: { a: { strategy: { matrix: { os: [] } }, steps } } }],
    ['too many steps', { jobs: { a: { steps: Array.from({ length: 257 }, () => steps[0]) } } }],
    ['an endless script', { jobs: { a: { steps: [{ run: 'x'.repeat(70_000) }] } } }],
  ])('is refused with %s', (_case, value) => {
    expect(accepts(value)).toBe(false)
  })
})
