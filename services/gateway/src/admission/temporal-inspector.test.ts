import { RepositoryName, RunId } from '@forkproof/contracts/ids'
import type { Client } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { temporalInspector } from './temporal-inspector.ts'

const question = { repository: RepositoryName.parse('octo-org/octo-repo'), runId: RunId.parse('77') }
const running = {
  outcome: 'running',
  event: 'push',
  headRef: 'main',
  workflowPath: '.github/workflows/build.yml',
  repositoryId: '456789',
  attempt: '1',
}

/** A client whose workflow does what the test says; records how it was started. */
function inspectorThat(does: () => unknown) {
  const started: unknown[][] = []
  const client = {
    withAbortSignal: async (signal: AbortSignal, work: () => Promise<unknown>) => {
      const aborted = Promise.withResolvers<never>()
      const abort = () => aborted.reject(signal.reason)
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort)
      return Promise.race([work(), aborted.promise])
    },
    workflow: {
      execute: async (...given: unknown[]) => {
        started.push(given)
        return does()
      },
    },
  }
  return { inspector: temporalInspector(client as unknown as Client), started }
}
const never = new AbortController().signal

describe('looking at a run through the workflow inspect', () => {
  it('asks once, on the queue of builds, under a name of its own and with an end', async () => {
    const { inspector, started } = inspectorThat(() => running)
    expect(await inspector.inspect(question, never)).toEqual(running)
    await inspector.inspect(question, never)
    expect(started[0]).toMatchObject([
      'inspect',
      { taskQueue: 'builds', workflowId: expect.stringMatching(/^inspect-/), args: [question] },
    ])
    const ids = started.map(([, options]) => (options as { workflowId: string }).workflowId)
    expect(new Set(ids).size).toBe(2)
    expect(started[0]?.[1]).toHaveProperty('workflowExecutionTimeout', 15_000)
  })

  it('passes refusals on as they are', async () => {
    const refused = { outcome: 'refused', reason: 'run_not_in_progress' }
    expect(await inspectorThat(() => refused).inspector.inspect(question, never)).toEqual(refused)
  })

  it.each([
    ['Temporal that is down', () => Promise.reject(new Error('14 UNAVAILABLE'))],
    ['nothing', () => undefined],
    ['an outcome that does not exist', () => ({ outcome: 'fine' })],
    ['a reason that does not exist', () => ({ outcome: 'refused', reason: 'because' })],
    ['a run without an event', () => ({ ...running, event: undefined })],
  ])('is unavailable with %s', async (_name, does) => {
    const answer = inspectorThat(does).inspector.inspect(question, never)
    await expect(answer).rejects.toMatchObject({ code: 'temporarily_unavailable' })
  })

  it('ends when the asker is gone', async () => {
    const controller = new AbortController()
    const { inspector } = inspectorThat(() => new Promise(() => undefined))
    const answer = inspector.inspect(question, controller.signal)
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'temporarily_unavailable' })
  })
})
