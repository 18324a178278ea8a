import { describe, expect, it } from 'vitest'
import { bound, create, createWarm, destroy, endOf, expectPlans, failed, settle, used } from '../testing/plan-table.ts'
import { builder, builderView, lease, leaseView, nowMs, planSettings, situation } from '../testing/situations.ts'
import { plan } from './plan.ts'
import type { Action } from './views.ts'

describe('the plan does nothing', () => {
  expectPlans([
    ['when nothing is wanted and nothing is there', {}, []],
    ['to a lease that has its builder', { leases: [bound(1, 'a')], builders: [used('a')] }, []],
    [
      'to a lease whose builder is being made',
      { leases: [bound(1, 'a', { phase: 'starting' })], builders: [used('a', { phase: 'starting' })] },
      [],
    ],
    [
      'to a lease whose certificates are being made',
      { leases: [bound(1, 'a', { phase: 'connecting' })], builders: [used('a')] },
      [],
    ],
    [
      'to an ending lease whose builder is being removed',
      { leases: [bound(1, 'a', { phase: 'ending' })], builders: [used('a', { phase: 'destroying' })] },
      [],
    ],
    [
      'to a builder that is stuck before its next try',
      { builders: [used('a', { phase: 'stuck', teardown: { beganAtMs: nowMs - 9, retryAtMs: nowMs + 1 } })] },
      [],
    ],
    [
      'to the receipt of a builder that a lease still needs',
      {
        leases: [bound(1, 'a', { phase: 'ending' })],
        builders: [used('a', { phase: 'stuck', teardown: { beganAtMs: nowMs - 19_999, retryAtMs: nowMs + 1 } })],
      },
      [],
    ],
    ['to a full warm pool', { builders: [builderView('a')] }, [], { warm: 1 }],
    ['to a warm pool that is being filled', { builders: [builderView('a', { phase: 'starting' })] }, [], { warm: 1 }],
  ])
})

describe('an ending lease is answered', () => {
  const ending = bound(1, 'a', { phase: 'ending' })
  expectPlans([
    ['when its builder is gone', { leases: [ending], builders: [used('a', { phase: 'gone' })] }, [settle(1, false)]],
    ['when it never had one', { leases: [leaseView(1, { phase: 'ending' })] }, [settle(1, false)]],
    [
      'when its builder cannot be removed for long',
      {
        leases: [ending],
        builders: [used('a', { phase: 'stuck', teardown: { beganAtMs: nowMs - 20_000, retryAtMs: nowMs + 1 } })],
      },
      [settle(1, false)],
    ],
    ['not while its builder stands', { leases: [ending], builders: [used('a')] }, [destroy('a')]],
  ])
})

describe('a builder', () => {
  expectPlans([
    ['that nobody wants is removed', { builders: [used('a')] }, [destroy('a')]],
    ['of an earlier process is removed', { builders: [builderView('a', { phase: 'lost' })] }, [destroy('a')]],
    ['that could not be made is removed', { builders: [builderView('a', { phase: 'failed' })] }, [destroy('a')]],
    [
      'that is stuck is tried again',
      { builders: [used('a', { phase: 'stuck', teardown: { beganAtMs: nowMs - 9, retryAtMs: nowMs } })] },
      [destroy('a')],
    ],
    [
      'that is gone is forgotten',
      { builders: [used('a', { phase: 'gone' })] },
      [{ do: 'drop', builderId: builder('a') }],
    ],
    [
      'that is warm and old is replaced',
      { builders: [builderView('a', { createdAtMs: nowMs - 3_600_000 })] },
      [destroy('a'), createWarm()],
      { warm: 1 },
    ],
    [
      'that is old is not handed out any more',
      { leases: [leaseView(1)], builders: [builderView('a', { createdAtMs: nowMs - 3_600_000 })] },
      [destroy('a'), create(1)],
    ],
    [
      'that is warm goes when the node stops',
      { stopping: true, builders: [builderView('a')] },
      [destroy('a')],
      { warm: 1 },
    ],
  ])
})

describe('the queue', () => {
  const full = { builders: [used('a'), used('b')] }
  const holders = [bound(8, 'a'), bound(9, 'b')]
  const said = (digit: number, position: number, agoMs: number) =>
    leaseView(digit, { report: { position, atMs: nowMs - agoMs } })
  const report = (digit: number, position: number, more = {}) => ({
    do: 'report',
    leaseId: lease(digit),
    position,
    ...more,
  })
  expectPlans([
    [
      'tells everybody the place in line',
      { ...full, leases: [...holders, leaseView(1, { report: undefined }), leaseView(2, { report: undefined })] },
      [report(1, 1), report(2, 2)],
    ],
    [
      'tells one who is being served that nobody is before',
      { leases: [leaseView(1, { report: undefined })] },
      [create(1), report(1, 0)],
    ],
    [
      'estimates by how long builds last',
      { ...full, averageLeaseMs: 60_000, leases: [...holders, leaseView(1, { report: undefined })] },
      [report(1, 1, { estimateSeconds: 30 })],
    ],
    ['says a new place after five seconds', { ...full, leases: [...holders, said(1, 2, 5_000)] }, [report(1, 1)]],
    ['says no new place before', { ...full, leases: [...holders, said(1, 2, 4_999)] }, []],
    ['does not repeat itself', { ...full, leases: [...holders, said(1, 1, 60_000)] }, []],
    [
      'says nothing to who has a builder',
      { leases: [bound(1, 'a', { report: undefined })], builders: [used('a')] },
      [],
    ],
    [
      'says nothing to who finds a ready builder: that is said next',
      { leases: [leaseView(1, { report: undefined })], builders: [builderView('a')] },
      [{ do: 'bind', leaseId: lease(1), builderId: builder('a') }],
    ],
    [
      'says nothing to who gets its certificates now',
      { leases: [bound(1, 'a', { phase: 'connecting', report: undefined })], builders: [used('a')] },
      [],
    ],
    [
      'does not count who is over',
      { ...full, leases: [...holders, leaseView(1, { expiresAtMs: nowMs }), leaseView(2, { report: undefined })] },
      [endOf(1, failed('no_capacity', false)), report(2, 1)],
    ],
  ])
})

it('connects a lease when its builder is ready', () => {
  const given = situation({ leases: [bound(1, 'a', { phase: 'starting' })], builders: [used('a')] })
  const wanted: Action[] = [{ do: 'connect', leaseId: lease(1) }]
  expect(plan(given, planSettings)).toEqual(wanted)
})
