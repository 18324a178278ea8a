import { describe, expect, it } from 'vitest'
import { failureBecause } from '../state/failure.ts'
import {
  fakeBuilder,
  fakeLease,
  fakeSnapshot,
  planBuilderId,
  planLeaseId,
  planNowMs,
  planSettings,
} from '../testing/fake-snapshots.ts'
import {
  asFailed,
  boundLease,
  createAction,
  createWarmAction,
  destroyAction,
  endAction,
  expectPlans,
  settleAction,
  usedBuilder,
} from '../testing/plan-harness.ts'
import { planActions } from './plan.ts'
import type { Action } from './snapshot.ts'

describe('the plan does nothing', () => {
  expectPlans([
    ['when nothing is wanted and nothing is there', {}, []],
    ['to a lease that has its builder', { leases: [boundLease(1, 'a')], builders: [usedBuilder('a')] }, []],
    [
      'to a lease whose builder is being made',
      { leases: [boundLease(1, 'a', { phase: 'starting' })], builders: [usedBuilder('a', { phase: 'starting' })] },
      [],
    ],
    [
      'to a lease whose certificates are being made',
      { leases: [boundLease(1, 'a', { phase: 'connecting' })], builders: [usedBuilder('a')] },
      [],
    ],
    [
      'to an ending lease whose builder is being removed',
      { leases: [boundLease(1, 'a', { phase: 'ending' })], builders: [usedBuilder('a', { phase: 'destroying' })] },
      [],
    ],
    [
      'to a builder that is stuck before its next try',
      {
        builders: [
          usedBuilder('a', { phase: 'stuck', teardown: { beganAtMs: planNowMs - 9, retryAtMs: planNowMs + 1 } }),
        ],
      },
      [],
    ],
    [
      'to the receipt of a builder that a lease still needs',
      {
        leases: [boundLease(1, 'a', { phase: 'ending' })],
        builders: [
          usedBuilder('a', { phase: 'stuck', teardown: { beganAtMs: planNowMs - 19_999, retryAtMs: planNowMs + 1 } }),
        ],
      },
      [],
    ],
    ['to a full warm pool', { builders: [fakeBuilder('a')] }, [], { warm: 1 }],
    ['to a warm pool that is being filled', { builders: [fakeBuilder('a', { phase: 'starting' })] }, [], { warm: 1 }],
  ])
})

describe('an ending lease is answered', () => {
  const ending = boundLease(1, 'a', { phase: 'ending' })
  expectPlans([
    [
      'when its builder is gone',
      { leases: [ending], builders: [usedBuilder('a', { phase: 'gone' })] },
      [settleAction(1, false)],
    ],
    ['when it never had one', { leases: [fakeLease(1, { phase: 'ending' })] }, [settleAction(1, false)]],
    [
      'when its builder cannot be removed for long',
      {
        leases: [ending],
        builders: [
          usedBuilder('a', { phase: 'stuck', teardown: { beganAtMs: planNowMs - 20_000, retryAtMs: planNowMs + 1 } }),
        ],
      },
      [settleAction(1, false)],
    ],
    ['not while its builder stands', { leases: [ending], builders: [usedBuilder('a')] }, [destroyAction('a')]],
  ])
})

describe('a builder', () => {
  expectPlans([
    ['that nobody wants is removed', { builders: [usedBuilder('a')] }, [destroyAction('a')]],
    [
      'of an earlier process is removed',
      { builders: [fakeBuilder('a', { phase: 'lost', lossReason: 'node_restarted' })] },
      [destroyAction('a')],
    ],
    [
      'that could not be made is removed',
      { builders: [fakeBuilder('a', { phase: 'failed', failure: failureBecause('builder_not_ready') })] },
      [destroyAction('a')],
    ],
    [
      'that is stuck is tried again',
      {
        builders: [usedBuilder('a', { phase: 'stuck', teardown: { beganAtMs: planNowMs - 9, retryAtMs: planNowMs } })],
      },
      [destroyAction('a')],
    ],
    [
      'that is gone is forgotten',
      { builders: [usedBuilder('a', { phase: 'gone' })] },
      [{ do: 'drop', builderId: planBuilderId('a') }],
    ],
    [
      'that is warm and old is replaced',
      { builders: [fakeBuilder('a', { createdAtMs: planNowMs - 3_600_000 })] },
      [destroyAction('a'), createWarmAction()],
      { warm: 1 },
    ],
    [
      'that is old is not handed out any more',
      { leases: [fakeLease(1)], builders: [fakeBuilder('a', { createdAtMs: planNowMs - 3_600_000 })] },
      [destroyAction('a'), createAction(1)],
    ],
    [
      'that is warm goes when the node stops',
      { stopping: true, builders: [fakeBuilder('a')] },
      [destroyAction('a')],
      { warm: 1 },
    ],
  ])
})

describe('the queue', () => {
  const full = { builders: [usedBuilder('a'), usedBuilder('b')] }
  const holders = [boundLease(8, 'a'), boundLease(9, 'b')]
  const said = (digit: number, position: number, agoMs: number) =>
    fakeLease(digit, { report: { position, atMs: planNowMs - agoMs } })
  const report = (digit: number, position: number, more = {}) => ({
    do: 'report',
    leaseId: planLeaseId(digit),
    position,
    ...more,
  })
  expectPlans([
    [
      'tells everybody the place in line',
      { ...full, leases: [...holders, fakeLease(1, { report: undefined }), fakeLease(2, { report: undefined })] },
      [report(1, 1), report(2, 2)],
    ],
    [
      'tells one who is being served that nobody is before',
      { leases: [fakeLease(1, { report: undefined })] },
      [createAction(1), report(1, 0)],
    ],
    [
      'estimates by how long builds last',
      { ...full, averageLeaseMs: 60_000, leases: [...holders, fakeLease(1, { report: undefined })] },
      [report(1, 1, { estimateSeconds: 30 })],
    ],
    ['says a new place after five seconds', { ...full, leases: [...holders, said(1, 2, 5_000)] }, [report(1, 1)]],
    ['says no new place before', { ...full, leases: [...holders, said(1, 2, 4_999)] }, []],
    ['does not repeat itself', { ...full, leases: [...holders, said(1, 1, 60_000)] }, []],
    [
      'says nothing to who has a builder',
      { leases: [boundLease(1, 'a', { report: undefined })], builders: [usedBuilder('a')] },
      [],
    ],
    [
      'says nothing to who finds a ready builder: that is said next',
      { leases: [fakeLease(1, { report: undefined })], builders: [fakeBuilder('a')] },
      [{ do: 'bind', leaseId: planLeaseId(1), builderId: planBuilderId('a') }],
    ],
    [
      'says nothing to who gets its certificates now',
      { leases: [boundLease(1, 'a', { phase: 'connecting', report: undefined })], builders: [usedBuilder('a')] },
      [],
    ],
    [
      'does not count who is over',
      { ...full, leases: [...holders, fakeLease(1, { expiresAtMs: planNowMs }), fakeLease(2, { report: undefined })] },
      [endAction(1, asFailed('no_capacity', false)), report(2, 1)],
    ],
  ])
})

it('connects a lease when its builder is ready', () => {
  const given = fakeSnapshot({ leases: [boundLease(1, 'a', { phase: 'starting' })], builders: [usedBuilder('a')] })
  const wanted: Action[] = [{ do: 'connect', leaseId: planLeaseId(1) }]
  expect(planActions(given, planSettings)).toEqual(wanted)
})
