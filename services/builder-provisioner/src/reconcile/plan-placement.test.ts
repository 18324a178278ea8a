import { describe } from 'vitest'
import {
  fakeBuilder,
  fakeLease,
  onArm,
  planLeaseId,
  planNowMs,
  projectA,
  projectB,
  withInternet,
} from '../testing/fake-snapshots.ts'
import {
  asDestroyed,
  asFailed,
  asLost,
  asLostBeforeReady,
  bindAction,
  boundLease,
  createAction,
  destroyAction,
  endAction,
  expectPlans,
  settleAction,
  usedBuilder,
} from '../testing/plan-harness.ts'

describe('a waiting lease', () => {
  expectPlans([
    [
      'gets a new builder when there is room',
      { leases: [fakeLease(1)] },
      [createAction(1), { do: 'report', leaseId: planLeaseId(1), position: 0 }].slice(0, 1),
    ],
    ['takes a warm builder that fits', { leases: [fakeLease(1)], builders: [fakeBuilder('a')] }, [bindAction(1, 'a')]],
    [
      'prefers a ready builder to one that is being made',
      { leases: [fakeLease(1)], builders: [fakeBuilder('a', { phase: 'starting' }), fakeBuilder('b')] },
      [bindAction(1, 'b')],
    ],
    [
      'takes a warm builder that is being made rather than a new one',
      { leases: [fakeLease(1)], builders: [fakeBuilder('a', { phase: 'starting' })] },
      [bindAction(1, 'a')],
    ],
    [
      'never takes a builder that served another',
      { leases: [fakeLease(1)], builders: [usedBuilder('a', { phase: 'destroying' })] },
      [createAction(1)],
    ],
    [
      'never takes a builder with another egress',
      { leases: [fakeLease(1)], builders: [fakeBuilder('a', { traits: withInternet })] },
      [createAction(1)],
    ],
    [
      'never takes a builder of another platform',
      { leases: [fakeLease(1, { traits: onArm })], builders: [fakeBuilder('a')] },
      [createAction(1, onArm)],
    ],
    [
      'never takes a builder that ends before it',
      { leases: [fakeLease(1)], builders: [fakeBuilder('a', { endsAtMs: planNowMs + 1_199_999 })] },
      [createAction(1)],
    ],
    [
      'never takes a project’s builder when it wants one for itself',
      { leases: [fakeLease(1), boundLease(2, 'a')], builders: [usedBuilder('a', { traits: projectA })] },
      [createAction(1)],
    ],
    [
      'never takes a warm builder for a project',
      { leases: [fakeLease(1, { traits: projectA })], builders: [fakeBuilder('a')] },
      [createAction(1, projectA)],
    ],
    [
      'never takes what nobody knows',
      { leases: [fakeLease(1)], builders: [fakeBuilder('a', { traits: undefined })] },
      [destroyAction('a'), createAction(1)],
    ],
    [
      'comes before the warm pool',
      { leases: [fakeLease(1), fakeLease(2)] },
      [createAction(1), createAction(2)],
      { warm: 2 },
    ],
    [
      'waits when the machine is full',
      {
        leases: [fakeLease(1), boundLease(2, 'a'), boundLease(3, 'b')],
        builders: [usedBuilder('a'), usedBuilder('b')],
      },
      [],
    ],
    [
      'waits for a place that is becoming free',
      {
        leases: [fakeLease(1), boundLease(2, 'a')],
        builders: [usedBuilder('a'), usedBuilder('b', { phase: 'destroying' })],
      },
      [],
    ],
    [
      'makes a warm builder go that it cannot use',
      {
        leases: [fakeLease(1, { traits: withInternet }), boundLease(2, 'a')],
        builders: [usedBuilder('a'), fakeBuilder('b')],
      },
      [destroyAction('b')],
    ],
    [
      'makes no second warm builder go while one is going',
      {
        leases: [fakeLease(1, { traits: withInternet })],
        builders: [fakeBuilder('a', { phase: 'destroying' }), fakeBuilder('b')],
      },
      [],
    ],
    [
      'makes no room for one who waits for a project’s state',
      {
        leases: [fakeLease(1, { traits: { ...projectA, egress: 'internet' } }), boundLease(2, 'a')],
        builders: [usedBuilder('a', { traits: projectA }), fakeBuilder('b')],
      },
      [],
    ],
    [
      'two that fit one warm builder get one each',
      { leases: [fakeLease(1), fakeLease(2)], builders: [fakeBuilder('a')] },
      [bindAction(1, 'a'), createAction(2)],
    ],
    [
      'first come, first served',
      { leases: [fakeLease(3), fakeLease(1)], builders: [fakeBuilder('a'), usedBuilder('b', { phase: 'destroying' })] },
      [bindAction(3, 'a')].concat(),
    ],
    [
      'gets nothing any more when the node stops',
      { stopping: true, leases: [fakeLease(1)], builders: [] },
      [endAction(1, asFailed('no_capacity', true))],
    ],
    [
      'fails when its time is over',
      { leases: [fakeLease(1, { expiresAtMs: planNowMs })] },
      [endAction(1, asFailed('no_capacity', false))],
    ],
    [
      'fails at once when its egress cannot be had',
      {
        leases: [fakeLease(1, { traits: withInternet })],
        unavailable: [
          { egress: 'internet', builderClass: 'ephemeral', reason: 'egress_unavailable', detail: 'nft: install it' },
        ],
      },
      [endAction(1, { reason: 'egress_unavailable', retryable: false, detail: 'nft: install it' })],
    ],
    [
      'is not refused for what another kind lacks',
      {
        leases: [fakeLease(1)],
        unavailable: [{ egress: 'none', builderClass: 'project', reason: 'isolation_missing', detail: '' }],
      },
      [createAction(1)],
    ],
    [
      'that was given up fails, for there is no builder to show',
      { leases: [fakeLease(1, { releasedAs: 'canceled' })] },
      [endAction(1, asFailed('no_capacity', false))],
    ],
    [
      'whose end has come fails',
      { leases: [fakeLease(1, { leaseEndsAtMs: planNowMs })] },
      [endAction(1, asFailed('no_capacity', false))],
    ],
  ])
})

describe('a project’s builder', () => {
  const a = usedBuilder('a', { traits: projectA })
  expectPlans([
    [
      'is shared by leases that run at once',
      { leases: [fakeLease(1, { traits: projectA }), boundLease(2, 'a', { traits: projectA })], builders: [a] },
      [bindAction(1, 'a')],
    ],
    [
      'is made once for leases that come at once',
      { leases: [fakeLease(1, { traits: projectA }), fakeLease(2, { traits: projectA })] },
      [createAction(1, projectA)],
    ],
    [
      'is not shared by projects',
      { leases: [fakeLease(1, { traits: projectB }), boundLease(2, 'a', { traits: projectA })], builders: [a] },
      [createAction(1, projectB)],
    ],
    [
      'is not made while the one before is being removed',
      {
        leases: [fakeLease(1, { traits: projectA })],
        builders: [usedBuilder('a', { traits: projectA, phase: 'destroying' })],
      },
      [],
    ],
    [
      'with another egress goes when nobody uses it',
      {
        leases: [fakeLease(1, { traits: { ...projectA, egress: 'internet' } })],
        builders: [{ ...a, idleSinceMs: planNowMs }],
      },
      [destroyAction('a')],
      { projectLingerMs: 1_000 },
    ],
    [
      'goes with its last lease',
      { leases: [boundLease(1, 'a', { traits: projectA, releasedAs: 'finished' })], builders: [a] },
      [endAction(1, asDestroyed('finished')), destroyAction('a')],
    ],
    [
      'stays while it may linger',
      { builders: [{ ...a, idleSinceMs: planNowMs - 999 }] },
      [],
      { projectLingerMs: 1_000 },
    ],
    [
      'goes when it has lingered',
      { builders: [{ ...a, idleSinceMs: planNowMs - 1_000 }] },
      [destroyAction('a')],
      { projectLingerMs: 1_000 },
    ],
    [
      'makes room when it only lingers',
      { leases: [fakeLease(1)], builders: [{ ...a, idleSinceMs: planNowMs }] },
      [destroyAction('a')],
      { projectLingerMs: 1_000, capacity: 1 },
    ],
    [
      'gives an ending lease its own receipt while others use it',
      {
        leases: [boundLease(1, 'a', { traits: projectA, phase: 'ending' }), boundLease(2, 'a', { traits: projectA })],
        builders: [a],
      },
      [settleAction(1, true)],
    ],
    [
      'gives no own receipt when it goes',
      { leases: [boundLease(1, 'a', { traits: projectA, phase: 'ending' })], builders: [a] },
      [destroyAction('a')],
    ],
    [
      'that is lost ends every lease of it',
      {
        leases: [boundLease(1, 'a', { traits: projectA }), boundLease(2, 'a', { traits: projectA, phase: 'starting' })],
        builders: [usedBuilder('a', { traits: projectA, phase: 'lost', lossReason: 'ended_by_itself' })],
      },
      [endAction(1, asLost('ended_by_itself')), endAction(2, asLostBeforeReady('ended_by_itself')), destroyAction('a')],
    ],
  ])
})
