import { defaultNode } from '@forkproof/contracts/bus'
import { consumers, streams, subjects } from '@forkproof/contracts/subjects'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BusHarness, openBusHarness } from '../testing/bus-harness.ts'

let harness: BusHarness
beforeAll(async () => {
  harness = await openBusHarness()
}, 600_000)
afterAll(() => harness.close())

const releases = { stream: streams.builderCommands, consumer: consumers.builderReleases(defaultNode), concurrency: 4 }

describe('commands on the bus, with each service’s own rights', () => {
  it('reach the provisioner once, and again when it could not handle them', async () => {
    const [orchestrator, provisioner] = [await harness.busOf('orchestrator'), await harness.busOf('provisioner')]
    const over = new AbortController()
    const seen: string[] = []
    const consuming = provisioner.consume({ ...releases, signal: over.signal }, async ({ text, attempt }) => {
      seen.push(`${text} ${attempt}`)
      if (text === 'broken' && attempt === 1) throw new Error('not now')
      return text === 'hopeless' ? 'never' : 'done'
    })
    const send = (text: string) => orchestrator.store(subjects.builderRelease(defaultNode), text, `release-${text}`)
    for (const text of ['one', 'broken', 'hopeless', 'one']) await send(text)
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['one 1', 'broken 1', 'hopeless 1', 'broken 2'])
    over.abort()
    await consuming
  })

  it('wait for a provisioner that is away, and are not shown to anybody else', async () => {
    const orchestrator = await harness.busOf('orchestrator')
    await orchestrator.store(subjects.builderRelease(defaultNode), 'kept', 'release-kept')
    const over = new AbortController()
    const gateway = await harness.busOf('gateway')
    const seen: string[] = []
    const spying = gateway.consume({ ...releases, signal: over.signal }, async ({ text }) => {
      seen.push(`gateway ${text}`)
      return 'done'
    })
    const provisioner = await harness.busOf('provisioner')
    const consuming = provisioner.consume({ ...releases, signal: over.signal }, async ({ text }) => {
      seen.push(text)
      return 'done'
    })
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['kept'])
    over.abort()
    await Promise.all([consuming, spying])
  })
})

describe('events of builders', () => {
  it('reach the orchestrator', async () => {
    const [orchestrator, provisioner] = [await harness.busOf('orchestrator'), await harness.busOf('provisioner')]
    const over = new AbortController()
    const events = { stream: streams.builders, consumer: consumers.builderEvents, concurrency: 4, signal: over.signal }
    const seen: string[] = []
    const consuming = orchestrator.consume(events, async ({ subject, text }) => {
      seen.push(`${subject} ${text}`)
      return 'done'
    })
    await provisioner.store('forkproof.builder.ready', 'ready', 'ready-1')
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['forkproof.builder.ready ready'])
    over.abort()
    await consuming
  })
})

describe('a bucket read without a consumer', () => {
  it('lists its keys and the history of one', async () => {
    const bucket = await (await harness.busOf('gateway')).bucket('projects')
    const first = await bucket.create('prj_a', 'one')
    const second = await bucket.update('prj_a', 'two', first ?? 0)
    await bucket.create('prj_b', 'other')
    expect([...(await bucket.keys())].sort()).toEqual(['prj_a', 'prj_b'])
    expect(await bucket.remove('prj_a', first ?? 0)).toBe(false)
    expect(await bucket.remove('prj_a', second ?? 0)).toBe(true)
    expect(await bucket.get('prj_a')).toBeUndefined()
    expect((await bucket.history('prj_a')).map(({ value, deleted }) => `${value} ${deleted}`)).toEqual([
      'one false',
      'two false',
      ' true',
    ])
  })
})
