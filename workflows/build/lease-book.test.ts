import type { BuilderEvent } from '@forkproof/contracts/events'
import { LeaseId } from '@forkproof/contracts/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LeaseBook, leasesPerPlatformMax } from './lease-book.ts'
import { eventsOf, otherNode, sampleBuild, sampleNode } from './testing/sample-build.ts'

const startMs = 1_790_000_000_000
const order = sampleBuild('book', {}, startMs)
const platform = 'linux/amd64'
const leaseIdOf = (turn: number) => LeaseId.parse(`00000000-0000-4000-8000-${String(turn).padStart(12, '0')}`)

/** A book with one platform asked for and its first lease open. */
function opened() {
  const book = new LeaseBook(order)
  let turn = 0
  const open = (nowMs = startMs) => {
    const [wish] = book.wishesToServe()
    if (!wish) throw new Error('nothing to serve')
    const lease = book.open(wish, leaseIdOf(++turn), nowMs)
    const about = { buildId: order.buildId, leaseId: lease.leaseId, platform: lease.platform }
    return { lease, from: eventsOf(about), fromOther: eventsOf(about, otherNode) }
  }
  book.ask({ platform }, startMs)
  const apply = (...events: BuilderEvent[]) => {
    for (const event of events) book.apply(event)
  }
  const release = (nowMs = startMs) => {
    const told = book.toRelease()
    for (const { lease, nodeId } of told) lease.releasedAtMs.set(nodeId, nowMs)
    return told.map(({ nodeId }) => nodeId)
  }
  return { book, open, apply, release, first: open() }
}

describe('a lease', () => {
  it('goes from requested over queued and ready to destroyed, each change counted once', () => {
    const { book, first, apply } = opened()
    const seen = [book.states()[0]?.state]
    for (const event of [
      first.from.accepted(2),
      first.from.accepted(0),
      first.from.ready(),
      first.from.destroyed('client_gone'),
    ]) {
      const before = book.changes
      apply(event)
      apply(event)
      expect(book.changes).toBe(before + 1)
      seen.push(book.states()[0]?.state)
    }
    expect(seen).toEqual(['requested', 'queued', 'queued', 'ready', 'destroyed'])
    expect(book.allOver).toBe(true)
  })

  it('that is ready before it was accepted stays ready when that comes', () => {
    const { book, first, apply } = opened()
    apply(first.from.ready(), first.from.accepted(3))
    expect(book.stateOf(platform)?.state).toBe('ready')
  })

  it('does not move back in the queue by an older position that comes later', () => {
    const { book, first, apply } = opened()
    apply(first.from.accepted(1, '2026-11-25T10:00:05.000Z'), first.from.accepted(4, '2026-11-25T10:00:00.000Z'))
    expect(book.stateOf(platform)).toMatchObject({ state: 'queued', position: 1 })
  })

  it.each<[string, (of: ReturnType<typeof opened>) => BuilderEvent]>([
    ['an unknown lease', () => eventsOf({ buildId: order.buildId, leaseId: leaseIdOf(99), platform }).ready()],
    [
      'another platform under its id',
      ({ first }) =>
        eventsOf({ buildId: order.buildId, leaseId: first.lease.leaseId, platform: 'linux/arm64' }).ready(),
    ],
  ])('is not moved by an event of %s', (_, event) => {
    const made = opened()
    const before = made.book.changes
    made.apply(event(made))
    expect(made.book.changes).toBe(before)
  })

  it('is never ready again after it was over', () => {
    const { book, first, apply } = opened()
    apply(
      first.from.ready(),
      first.from.destroyed('builder_lost'),
      first.from.ready(),
      first.from.failed('builder_lost', true),
    )
    expect(book.stateOf(platform)).toMatchObject({ state: 'destroyed', reason: 'builder_lost' })
    expect(book.wishesToServe()).toEqual([])
  })
})

describe('a builder that fails before it was used', () => {
  it('is asked for again, three times in all, under a new lease each time', () => {
    const { book, open, apply, first } = opened()
    let current = first
    for (let attempt = 1; attempt < leasesPerPlatformMax; attempt++) {
      apply(current.from.failed('builder_not_ready', true))
      expect(book.stateOf(platform)?.state).toBe('requested')
      current = open()
      expect(current.lease.attempt).toBe(attempt + 1)
    }
    apply(current.from.failed('builder_not_ready', true))
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'builder_not_ready' })
    expect([book.wishesToServe(), book.allOver]).toEqual([[], true])
  })

  it('is not asked for again when that cannot help', () => {
    const { book, apply, first } = opened()
    apply(first.from.failed('egress_unavailable', false))
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'egress_unavailable' })
  })

  it.each(['builder_lost', 'node_stopping'] as const)('is asked for again when it was destroyed as %s', reason => {
    const { book, apply, first } = opened()
    apply(first.from.accepted(), first.from.destroyed(reason))
    expect(book.wishesToServe()).toHaveLength(1)
  })

  it('is not asked for again after it was used', () => {
    const { book, apply, first } = opened()
    apply(first.from.ready(), first.from.failed('builder_lost', true))
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'builder_lost' })
    expect(book.wishesToServe()).toEqual([])
  })

  it('is not asked for again by the same failure that comes twice', () => {
    const { book, open, apply, first } = opened()
    apply(first.from.failed('builder_not_ready', true))
    const second = open()
    apply(first.from.failed('builder_not_ready', true), first.from.accepted(), first.from.ready())
    expect(book.wishesToServe()).toEqual([])
    expect(book.stateOf(platform)?.state).toBe('requested')
    apply(second.from.ready())
    expect(book.stateOf(platform)?.state).toBe('ready')
  })

  it('waits in queues no longer in all than one would, but each try gets a minute', () => {
    const { open, apply, first } = opened()
    expect(first.lease.expiresAtMs).toBe(startMs + 300_000)
    apply(first.from.failed('builder_lost', true))
    const second = open(startMs + 100_000)
    expect(second.lease.expiresAtMs).toBe(startMs + 300_000)
    apply(second.from.failed('builder_lost', true))
    expect(open(startMs + 290_000).lease.expiresAtMs).toBe(startMs + 350_000)
  })

  it('never waits beyond the build’s own end', () => {
    const short = new LeaseBook({ ...order, expiresAtMs: startMs + 10_000 })
    short.ask({ platform }, startMs)
    expect(short.open({ platform }, leaseIdOf(1), startMs).expiresAtMs).toBe(startMs + 10_000)
  })
})

describe('a request that two nodes took', () => {
  it('is served by the first that is ready; the other is told to give up', () => {
    const { book, first, apply, release } = opened()
    apply(first.from.accepted(), first.fromOther.accepted(), first.fromOther.ready())
    expect(book.stateOf(platform)).toMatchObject({ state: 'ready', nodeId: otherNode })
    expect(release()).toEqual([sampleNode])
    apply(first.from.ready(), first.from.destroyed('not_wanted'))
    expect(book.stateOf(platform)).toMatchObject({ state: 'ready', nodeId: otherNode })
    expect(release()).toEqual([])
  })

  it('is not failed while one of them may still serve', () => {
    const { book, first, apply } = opened()
    apply(first.from.accepted(), first.fromOther.accepted(), first.from.failed('builder_not_ready', false))
    expect(book.stateOf(platform)?.state).toBe('queued')
    apply(first.fromOther.failed('no_capacity', false))
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'no_capacity' })
  })

  it('is released at both when the build ends first', () => {
    const { book, first, apply, release } = opened()
    apply(first.from.accepted(), first.fromOther.accepted())
    book.giveUp()
    expect(release().sort()).toEqual([sampleNode, otherNode])
    apply(first.from.destroyed('canceled'))
    expect(book.isOpen(startMs)).toBe(true)
    apply(first.fromOther.failed('no_capacity', false))
    expect(book.isOpen(startMs)).toBe(false)
  })
})

describe('time', () => {
  it('fails a request that no node took, a little after its end', () => {
    const { book, first } = opened()
    book.expire(first.lease.expiresAtMs + 9_999)
    expect(book.stateOf(platform)?.state).toBe('requested')
    expect(book.nextDeadlineMs(startMs)).toBe(first.lease.expiresAtMs + 10_000)
    book.expire(first.lease.expiresAtMs + 10_000)
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'no_capacity' })
  })

  it('fails a lease whose node is silent, and tells the node', () => {
    const { book, first, apply, release } = opened()
    apply(first.from.accepted())
    book.expire(first.lease.expiresAtMs + 90_000)
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'builder_not_ready' })
    expect(release()).toEqual([sampleNode])
  })

  it('gives a builder back that is ready after it was given up', () => {
    const { book, first, apply, release } = opened()
    book.expire(first.lease.expiresAtMs + 10_000)
    apply(first.from.ready())
    expect(book.stateOf(platform)?.state).toBe('failed')
    expect(release()).toEqual([sampleNode])
    apply(first.from.destroyed('not_wanted'))
    expect(book.stateOf(platform)?.state).toBe('destroyed')
  })

  it('never fails a lease that is served', () => {
    const { book, first, apply } = opened()
    apply(first.from.ready())
    book.expire(Number.MAX_SAFE_INTEGER)
    expect(book.stateOf(platform)?.state).toBe('ready')
    expect(book.nextDeadlineMs(startMs)).toBeUndefined()
  })

  it('bounds the wait for a node that was told and says nothing, and does not go on to show it as ready', () => {
    const { book, first, apply, release } = opened()
    apply(first.from.ready())
    book.giveUp()
    release(startMs)
    expect([book.isOpen(startMs + 89_999), book.isOpen(startMs + 90_000)]).toEqual([true, false])
    book.closeSilent()
    expect(book.stateOf(platform)).toMatchObject({ state: 'failed', reason: 'builder_lost' })
  })

  it('waits for a request that nobody took until it is void, however the build ended', () => {
    const { book, first } = opened()
    book.giveUp()
    const voidMs = first.lease.expiresAtMs + 10_000
    expect([book.isOpen(voidMs - 1), book.nextDeadlineMs(startMs), book.isOpen(voidMs)]).toEqual([true, voidMs, false])
  })
})

describe('a wish', () => {
  it('counts once for each platform', () => {
    const { book } = opened()
    book.ask({ platform, certificateRequest: 'other' }, startMs)
    expect([book.states().length, book.wishesToServe()]).toEqual([1, []])
  })

  it('for a platform that is not granted is failed at once and never sent', () => {
    const book = new LeaseBook({ ...order, allowedPlatforms: ['linux/amd64'] })
    book.ask({ platform: 'linux/arm64' }, startMs)
    expect(book.states()).toMatchObject([{ state: 'failed', reason: 'platform_unavailable' }])
    expect(book.wishesToServe()).toEqual([])
  })

  it('of nobody is not the end of everything', () => {
    expect(new LeaseBook(order).allOver).toBe(false)
  })
})

describe('whatever comes in whatever order', () => {
  type Step = { lease: number; other: boolean; kind: number; flag: boolean }
  const step: fc.Arbitrary<Step> = fc.record({
    lease: fc.nat(3),
    other: fc.boolean(),
    kind: fc.nat(5),
    flag: fc.boolean(),
  })

  it('no builder that lives is forgotten, none is released while it serves, and the tries are bounded', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, endAt) => {
        const { book, open, apply, first } = opened()
        const leases = [first]
        const told = new Set<string>()
        const lived = new Map<string, boolean>()
        for (const [index, { lease: which, other, kind, flag }] of steps.entries()) {
          if (index === endAt) book.giveUp()
          const of = leases[which % leases.length] ?? first
          const node = other ? otherNode : sampleNode
          const from = other ? of.fromOther : of.from
          const key = `${of.lease.leaseId}@${node}`
          const event = [
            from.accepted(kind),
            from.ready(),
            from.ready(),
            from.failed('builder_lost', flag),
            from.destroyed(flag ? 'builder_lost' : 'client_gone'),
            from.accepted(0),
          ][kind]
          if (event) apply(event)
          if (kind === 3 || kind === 4) lived.set(key, false)
          else if (lived.get(key) !== false) lived.set(key, true)
          while (book.wishesToServe().length > 0) leases.push(open())
          for (const { lease, nodeId } of book.toRelease()) {
            expect(lease.wanted && lease.servedBy === nodeId).toBe(false)
            lease.releasedAtMs.set(nodeId, startMs)
            told.add(`${lease.leaseId}@${nodeId}`)
          }
        }
        book.giveUp()
        for (const { lease, nodeId } of book.toRelease()) {
          lease.releasedAtMs.set(nodeId, startMs)
          told.add(`${lease.leaseId}@${nodeId}`)
        }
        for (const [key, lives] of lived) if (lives) expect(told.has(key)).toBe(true)
        expect(leases.length).toBeLessThanOrEqual(leasesPerPlatformMax)
      }),
      { seed: 4_711, numRuns: 500 },
    )
  })
})
