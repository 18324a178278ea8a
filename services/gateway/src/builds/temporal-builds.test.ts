import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { BuildId, RelationshipId } from '@forkproof/contracts/ids'
import {
  ApplicationFailure,
  type Client,
  QueryRejectedError,
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { temporalBuilds } from './temporal-builds.ts'

const buildId = BuildId.parse('A'.repeat(43))
const memo = { projectId: 'prj_aaaaaaaaaaaaaaaa', expiresAtMs: 61_000 }
const order = { buildId, run: {}, createdAtMs: 1_000, expiresAtMs: 61_000 } as BuildSpec
const active = { buildId, version: 2, phase: 'active', expiresAtMs: 61_000, platforms: [] }
const ended = { ...active, version: 5, phase: 'ended', outcome: 'success' }
const down = new ServiceError('down', { cause: new Error('14 UNAVAILABLE') })
const missing = new WorkflowNotFoundError('missing', 'build', undefined)
const never = new AbortController().signal

type Answer = (() => unknown) | undefined
const fails = (error: Error) => () => {
  throw error
}

/** A client whose calls do what the test says; a call that it does not name answers nothing. */
function clientThat(does: Partial<Record<'start' | 'query' | 'update' | 'result' | 'describe' | 'signal', Answer>>) {
  const starts: { startWorkflowOperation: { options: object } }[] = []
  const handle = {
    query: async () => does.query?.(),
    executeUpdate: async () => does.update?.(),
    result: async () => does.result?.(),
    describe: async () => does.describe?.() ?? { memo },
    signal: async () => does.signal?.(),
  }
  const client = {
    withDeadline: (_deadline: number, work: () => unknown) => work(),
    withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work(),
    workflow: {
      getHandle: () => handle,
      executeUpdateWithStart: async (_name: string, options: (typeof starts)[number]) => {
        starts.push(options)
        return does.start?.()
      },
      list: async function* () {
        yield { workflowId: `build-${buildId}` }
        yield { workflowId: 'build-of another kind' }
      },
    },
  }
  return { builds: temporalBuilds(client as unknown as Client), starts }
}

describe('builds as workflows', () => {
  it('start at most once per id, and are ended by Temporal ten minutes after their own time', async () => {
    const { builds, starts } = clientThat({ start: () => active })
    expect(await builds.start(order, never)).toEqual(active)
    expect(starts[0]?.startWorkflowOperation.options).toMatchObject({
      workflowId: `build-${buildId}`,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      workflowExecutionTimeout: 660_000,
      memo: { expiresAtMs: 61_000 },
    })
  })

  it('are temporarily unavailable while Temporal is, whatever is asked', async () => {
    const all = Object.fromEntries(
      ['start', 'query', 'update', 'describe', 'signal'].map(call => [call, fails(down)] as const),
    )
    const { builds } = clientThat(all)
    const calls = [
      () => builds.start(order, never),
      () => builds.state(buildId),
      () => builds.awaitChange(buildId, 1, 10),
      () => builds.connect(buildId, { platform: 'linux/amd64' }, 10),
      () => builds.finish(buildId, 'success'),
      () => builds.projectOf(buildId),
    ]
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({ code: 'temporarily_unavailable', cause: down })
  })

  it.each([
    undefined,
    null,
    {},
    { ...active, version: 0 },
    { ...active, phase: 'paused' },
    { ...active, buildId: 'x' },
    { ...active, platforms: [{ platform: 'linux/amd64', state: 'ready' }] },
    { ...active, platforms: [{ platform: 'windows/amd64', state: 'requested' }] },
  ])('pass on no state of another shape: %j', async wrong => {
    const { builds } = clientThat({ query: () => wrong, update: () => wrong })
    await expect(builds.state(buildId)).rejects.toMatchObject({ code: 'internal_error' })
    await expect(builds.awaitChange(buildId, 1, 10)).rejects.toMatchObject({ code: 'internal_error' })
  })

  it.each([
    missing,
    new WorkflowUpdateFailedError('over', undefined),
    new WorkflowUpdateFailedError('over', ApplicationFailure.create({ type: 'AcceptedUpdateCompletedWorkflow' })),
  ])('are answered with their result when they end before or while they are asked: %s', async error => {
    const { builds } = clientThat({ update: fails(error), result: () => ended })
    expect(await builds.awaitChange(buildId, 2, 10)).toEqual(ended)
    expect(await builds.connect(buildId, { platform: 'linux/amd64' }, 10)).toEqual(ended)
  })

  it('refuse with the code that their validator gave, and do not look for a result', async () => {
    const rejected = new WorkflowUpdateFailedError('no', ApplicationFailure.nonRetryable('no', 'platform_not_granted'))
    const { builds } = clientThat({ update: fails(rejected), result: () => ended })
    const call = builds.connect(buildId, { platform: 'linux/arm64' }, 10)
    await expect(call).rejects.toMatchObject({ code: 'platform_not_granted', detail: 'no' })
  })

  it('have ended where their workflow was cut off, newer than anything that was known', async () => {
    const closed = new QueryRejectedError(2)
    const cut = new WorkflowFailedError('terminated', undefined, 'NON_RETRYABLE_FAILURE')
    const { builds } = clientThat({ query: fails(closed), result: fails(cut) })
    const state = await builds.state(buildId)
    expect(state).toMatchObject({ phase: 'ended', outcome: 'failed', expiresAtMs: 61_000 })
    expect(state.version).toBeGreaterThan(1_000_000)
  })

  it('are finished also when they are over, but not when they never were', async () => {
    await expect(clientThat({ signal: fails(missing) }).builds.finish(buildId, 'success')).resolves.toBeUndefined()
    const never = clientThat({ signal: fails(missing), describe: fails(missing) }).builds.finish(buildId, 'success')
    await expect(never).rejects.toMatchObject({ code: 'build_not_found' })
  })

  it('are listed by id, without what is none', async () => {
    const { builds } = clientThat({})
    expect(await builds.running(RelationshipId.parse(`trl_${'a'.repeat(16)}`))).toEqual([buildId])
  })
})
