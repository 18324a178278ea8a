import type { BuilderEvent } from '@forkproof/contracts/events'
import { describe, expect, it } from 'vitest'
import { leasesPerPlatformMax, PlatformLeases } from './platform-leases.ts'
import { leaseIdOf, openedLeases, openedPlatform, openedSpec, startMs } from './testing/opened-leases.ts'
import { eventsOf } from './testing/sample-build.ts'

describe('a lease', () => {
  it('goes from requested over queued and ready to destroyed, each change counted once', () => {
    const { leases, first, apply } = openedLeases()
    const seen = [leases.states()[0]?.state]
    for (const event of [
      first.from.accepted(2),
      first.from.accepted(0),
      first.from.ready(),
      first.from.destroyed('client_gone'),
    ]) {
      const before = leases.changes
      apply(event)
      apply(event)
      expect(leases.changes).toBe(before + 1)
      seen.push(leases.states()[0]?.state)
    }
    expect(seen).toEqual(['requested', 'queued', 'queued', 'ready', 'destroyed'])
    expect(leases.allOver).toBe(true)
  })

  it('that is ready before it was accepted stays ready when that comes', () => {
    const { leases, first, apply } = openedLeases()
    apply(first.from.ready(), first.from.accepted(3))
    expect(leases.stateOf(openedPlatform)?.state).toBe('ready')
  })

  it('does not move back in the queue by an older position that comes later', () => {
    const { leases, first, apply } = openedLeases()
    apply(first.from.accepted(1, '2026-11-25T10:00:05.000Z'), first.from.accepted(4, '2026-11-25T10:00:00.000Z'))
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'queued', position: 1 })
  })

  it.each<[string, (of: ReturnType<typeof openedLeases>) => BuilderEvent]>([
    [
      'an unknown lease',
      () => eventsOf({ buildId: openedSpec.buildId, leaseId: leaseIdOf(99), platform: openedPlatform }).ready(),
    ],
    [
      'another platform under its id',
      ({ first }) =>
        eventsOf({ buildId: openedSpec.buildId, leaseId: first.lease.leaseId, platform: 'linux/arm64' }).ready(),
    ],
  ])('is not moved by an event of %s', (_, event) => {
    const made = openedLeases()
    const before = made.leases.changes
    made.apply(event(made))
    expect(made.leases.changes).toBe(before)
  })

  it('is never ready again after it was over', () => {
    const { leases, first, apply } = openedLeases()
    apply(
      first.from.ready(),
      first.from.destroyed('builder_lost'),
      first.from.ready(),
      first.from.failed('builder_lost', true),
    )
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'destroyed', reason: 'builder_lost' })
    expect(leases.requestsToServe()).toEqual([])
  })
})

describe('a builder that fails before it was used', () => {
  it('is asked for again, three times in all, under a new lease each time', () => {
    const { leases, open, apply, first } = openedLeases()
    let current = first
    for (let attempt = 1; attempt < leasesPerPlatformMax; attempt++) {
      apply(current.from.failed('builder_not_ready', true))
      expect(leases.stateOf(openedPlatform)?.state).toBe('requested')
      current = open()
      expect(current.lease.attempt).toBe(attempt + 1)
    }
    apply(current.from.failed('builder_not_ready', true))
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'failed', reason: 'builder_not_ready' })
    expect([leases.requestsToServe(), leases.allOver]).toEqual([[], true])
  })

  it('is not asked for again when that cannot help', () => {
    const { leases, apply, first } = openedLeases()
    apply(first.from.failed('egress_unavailable', false))
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'failed', reason: 'egress_unavailable' })
  })

  it.each(['builder_lost', 'node_stopping'] as const)('is asked for again when it was destroyed as %s', reason => {
    const { leases, apply, first } = openedLeases()
    apply(first.from.accepted(), first.from.destroyed(reason))
    expect(leases.requestsToServe()).toHaveLength(1)
  })

  it('is not asked for again after it was used', () => {
    const { leases, apply, first } = openedLeases()
    apply(first.from.ready(), first.from.failed('builder_lost', true))
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'failed', reason: 'builder_lost' })
    expect(leases.requestsToServe()).toEqual([])
  })

  it('is not asked for again by the same failure that comes twice', () => {
    const { leases, open, apply, first } = openedLeases()
    apply(first.from.failed('builder_not_ready', true))
    const second = open()
    apply(first.from.failed('builder_not_ready', true), first.from.accepted(), first.from.ready())
    expect(leases.requestsToServe()).toEqual([])
    expect(leases.stateOf(openedPlatform)?.state).toBe('requested')
    apply(second.from.ready())
    expect(leases.stateOf(openedPlatform)?.state).toBe('ready')
  })

  it('waits in queues no longer in all than one would, but each try gets a minute', () => {
    const { open, apply, first } = openedLeases()
    expect(first.lease.expiresAtMs).toBe(startMs + 300_000)
    apply(first.from.failed('builder_lost', true))
    const second = open(startMs + 100_000)
    expect(second.lease.expiresAtMs).toBe(startMs + 300_000)
    apply(second.from.failed('builder_lost', true))
    expect(open(startMs + 290_000).lease.expiresAtMs).toBe(startMs + 350_000)
  })

  it('never waits beyond the build’s own end', () => {
    const short = new PlatformLeases({ ...openedSpec, expiresAtMs: startMs + 10_000 })
    short.ask({ platform: openedPlatform }, startMs)
    expect(short.open({ platform: openedPlatform }, leaseIdOf(1), startMs).expiresAtMs).toBe(startMs + 10_000)
  })
})

describe('a request', () => {
  it('counts once for each platform', () => {
    const { leases } = openedLeases()
    leases.ask({ platform: openedPlatform, certificateRequest: 'other' }, startMs)
    expect([leases.states().length, leases.requestsToServe()]).toEqual([1, []])
  })

  it('for a platform that is not granted is failed at once and never sent', () => {
    const leases = new PlatformLeases({ ...openedSpec, allowedPlatforms: ['linux/amd64'] })
    leases.ask({ platform: 'linux/arm64' }, startMs)
    expect(leases.states()).toMatchObject([{ state: 'failed', reason: 'platform_unavailable' }])
    expect(leases.requestsToServe()).toEqual([])
  })

  it('of nobody is not the end of everything', () => {
    expect(new PlatformLeases(openedSpec).allOver).toBe(false)
  })
})
