import type { BuilderEvent } from '@forkproof/contracts/events'
import { BuildId, LeaseId, NodeId } from '@forkproof/contracts/ids'
import { silentLogger } from '@forkproof/infra/log'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import type { Client } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { createBuilderSignals } from './builder-signals.ts'

const buildId = BuildId.parse('B'.repeat(43))
const leaseId = LeaseId.parse('11111111-1111-4111-8111-111111111111')
const accepted: BuilderEvent = {
  specversion: '1.0',
  id: `${leaseId}:accepted`,
  source: 'forkproof/provisioner',
  subject: buildId,
  time: '2026-11-25T10:00:00.000Z',
  datacontenttype: 'application/json',
  type: 'forkproof.builder.accepted.v1',
  data: { buildId, leaseId, platform: 'linux/amd64', nodeId: NodeId.parse('node-1'), position: 0 },
}
const gone = Object.assign(new Error('workflow not found'), { name: 'WorkflowNotFoundError' })

/** A client whose calls end as told, one after the other, and then well. */
function signalling(...failures: Error[]) {
  const sent: { workflowId: string; name: unknown; args: unknown[] }[] = []
  const deadlines: number[] = []
  const clock = new FakeClock()
  const shutdown = new AbortController()
  const getHandle = (workflowId: string) => ({
    signal: async (name: unknown, ...args: unknown[]) => {
      sent.push({ workflowId, name, args })
      const failure = failures.shift()
      if (failure) throw failure
    },
  })
  const withDeadline = <T>(deadline: number | Date, call: () => Promise<T>) => {
    deadlines.push(Number(deadline) - clock.now())
    return call()
  }
  const client = { workflow: { getHandle }, withDeadline } as unknown as Pick<Client, 'workflow' | 'withDeadline'>
  const handle = createBuilderSignals({ client, clock, log: silentLogger }, shutdown.signal)
  return { sent, deadlines, clock, shutdown, handle: (text: string) => handle({ text }) }
}

describe('an event of a builder', () => {
  it('becomes a signal of its build’s workflow', async () => {
    const { sent, deadlines, handle } = signalling()
    expect(await handle(JSON.stringify(accepted))).toBe('done')
    expect(sent).toEqual([{ workflowId: `build-${buildId}`, name: 'builderEvent', args: [accepted] }])
    expect(deadlines).toEqual([3_000])
  })

  it('of a later release becomes the signal that this one knows', async () => {
    const { sent, handle } = signalling()
    const later = { ...accepted, tracestate: 'x', data: { ...accepted.data, workflowId: 'claim-x' } }
    expect(await handle(JSON.stringify(later))).toBe('done')
    expect(sent).toEqual([{ workflowId: `build-${buildId}`, name: 'builderEvent', args: [accepted] }])
  })

  it('of a build that is over is done with', async () => {
    const { sent, handle } = signalling(gone)
    expect(await handle(JSON.stringify(accepted))).toBe('done')
    expect(sent).toHaveLength(1)
  })

  it('is tried again while Temporal is away, and goes back to the bus before the bus gives it to another', async () => {
    const away = Array.from({ length: 100 }, () => new Error('unavailable'))
    const { sent, clock, handle } = signalling(...away)
    const startedMs = clock.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    const outcome = handle(JSON.stringify(accepted)).finally(resolve)
    let over = false
    void promise.then(() => {
      over = true
    })
    while (!over) {
      await new Promise(next => setImmediate(next))
      if (clock.sleeping > 0) clock.advance(50)
    }
    expect(await outcome).toBe('later')
    expect(clock.now() - startedMs).toBeLessThan(25_000)
    expect(sent.length).toBeGreaterThan(8)
  })

  it('reaches the workflow after a short fault, once', async () => {
    const { sent, clock, handle } = signalling(new Error('unavailable'))
    const outcome = handle(JSON.stringify(accepted))
    while (clock.sleeping === 0) await new Promise(next => setImmediate(next))
    clock.advance(50)
    expect(await outcome).toBe('done')
    expect(sent).toHaveLength(2)
  })

  it('goes back to the bus at once when this process stops', async () => {
    const { clock, shutdown, handle } = signalling(new Error('unavailable'), new Error('unavailable'))
    const outcome = handle(JSON.stringify(accepted))
    while (clock.sleeping === 0) await new Promise(next => setImmediate(next))
    shutdown.abort(new Error('stopping'))
    expect(await outcome).toBe('later')
  })

  it.each([
    ['that is not JSON', '{'],
    ['that is empty', ''],
    ['that is a list', '[]'],
    ['of an unknown type', JSON.stringify({ ...accepted, type: 'forkproof.builder.dreamt.v1' })],
    ['whose build id is another workflow’s', JSON.stringify({ ...accepted, subject: '../claim-x' })],
    ['whose subject is another build', JSON.stringify({ ...accepted, subject: 'C'.repeat(43) })],
    ['that is a command', JSON.stringify({ ...accepted, type: 'forkproof.builder.released.v1' })],
  ])('%s is dropped for good and signals nobody', async (_name, text) => {
    const { sent, handle } = signalling()
    expect(await handle(text)).toBe('never')
    expect(sent).toEqual([])
  })
})
