import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leasesPerPlatformMax } from './platform-leases.ts'
import { openedLeases, openedPlatform, startMs } from './testing/opened-leases.ts'
import { otherNode, sampleNode } from './testing/sample-build.ts'

describe('a request that two nodes took', () => {
  it('is served by the first that is ready; the other is told to give up', () => {
    const { leases, first, apply, release } = openedLeases()
    apply(first.from.accepted(), first.fromOther.accepted(), first.fromOther.ready())
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'ready', nodeId: otherNode })
    expect(release()).toEqual([sampleNode])
    apply(first.from.ready(), first.from.destroyed('not_wanted'))
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'ready', nodeId: otherNode })
    expect(release()).toEqual([])
  })

  it('is not failed while one of them may still serve', () => {
    const { leases, first, apply } = openedLeases()
    apply(first.from.accepted(), first.fromOther.accepted(), first.from.failed('builder_not_ready', false))
    expect(leases.stateOf(openedPlatform)?.state).toBe('queued')
    apply(first.fromOther.failed('no_capacity', false))
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'failed', reason: 'no_capacity' })
  })

  it('is released at both when the build ends first', () => {
    const { leases, first, apply, release } = openedLeases()
    apply(first.from.accepted(), first.fromOther.accepted())
    leases.giveUp()
    expect(release().sort()).toEqual([sampleNode, otherNode])
    apply(first.from.destroyed('canceled'))
    expect(leases.isOpen(startMs)).toBe(true)
    apply(first.fromOther.failed('no_capacity', false))
    expect(leases.isOpen(startMs)).toBe(false)
  })
})

describe('time', () => {
  it('fails a request that no node took, a little after its end', () => {
    const { leases, first } = openedLeases()
    leases.expire(first.lease.expiresAtMs + 9_999)
    expect(leases.stateOf(openedPlatform)?.state).toBe('requested')
    expect(leases.nextDeadlineMs(startMs)).toBe(first.lease.expiresAtMs + 10_000)
    leases.expire(first.lease.expiresAtMs + 10_000)
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'failed', reason: 'no_capacity' })
  })

  it('fails a lease whose node is silent, and tells the node', () => {
    const { leases, first, apply, release } = openedLeases()
    apply(first.from.accepted())
    leases.expire(first.lease.expiresAtMs + 90_000)
    expect(leases.stateOf(openedPlatform)).toMatchObject({ state: 'failed', reason: 'builder_not_ready' })
    expect(release()).toEqual([sampleNode])
  })

  it('gives a builder back that is ready after it was given up', () => {
    const { leases, first, apply, release } = openedLeases()
    leases.expire(first.lease.expiresAtMs + 10_000)
    apply(first.from.ready())
    expect(leases.stateOf(openedPlatform)?.state).toBe('failed')
    expect(release()).toEqual([sampleNode])
    apply(first.from.destroyed('not_wanted'))
    expect(leases.stateOf(openedPlatform)?.state).toBe('destroyed')
  })

  it('never fails a lease that is served', () => {
    const { leases, first, apply } = openedLeases()
    apply(first.from.ready())
    leases.expire(Number.MAX_SAFE_INTEGER)
    expect(leases.stateOf(openedPlatform)?.state).toBe('ready')
    expect(leases.nextDeadlineMs(startMs)).toBeUndefined()
  })

  it('bounds the wait for a node that was told and says nothing, and does not go on to show it as ready', () => {
    const { leases, first, apply, release } = openedLeases()
    apply(first.from.ready())
    leases.giveUp()
    release(startMs)
    expect([leases.isOpen(startMs + 89_999), leases.isOpen(startMs + 90_000)]).toEqual([true, false])
    leases.closeSilent()
    expect(leases.stateOf(openedPlatform)).toMatchObject({
      state: 'failed',
      reason: 'builder_lost',
      lossReason: 'teardown_unconfirmed',
    })
  })

  it('waits for a request that nobody took until it is void, however the build ended', () => {
    const { leases, first } = openedLeases()
    leases.giveUp()
    const voidMs = first.lease.expiresAtMs + 10_000
    expect([leases.isOpen(voidMs - 1), leases.nextDeadlineMs(startMs), leases.isOpen(voidMs)]).toEqual([
      true,
      voidMs,
      false,
    ])
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
        const { leases, open, apply, first } = openedLeases()
        const opened = [first]
        const told = new Set<string>()
        const lived = new Map<string, boolean>()
        for (const [index, { lease: which, other, kind, flag }] of steps.entries()) {
          if (index === endAt) leases.giveUp()
          const of = opened[which % opened.length] ?? first
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
          while (leases.requestsToServe().length > 0) opened.push(open())
          for (const { lease, nodeId } of leases.toRelease()) {
            expect(lease.wanted && lease.servedBy === nodeId).toBe(false)
            lease.releasedAtMs.set(nodeId, startMs)
            told.add(`${lease.leaseId}@${nodeId}`)
          }
        }
        leases.giveUp()
        for (const { lease, nodeId } of leases.toRelease()) {
          lease.releasedAtMs.set(nodeId, startMs)
          told.add(`${lease.leaseId}@${nodeId}`)
        }
        for (const [key, lives] of lived) if (lives) expect(told.has(key)).toBe(true)
        expect(opened.length).toBeLessThanOrEqual(leasesPerPlatformMax)
      }),
      { seed: 4_711, numRuns: 500 },
    )
  })
})
