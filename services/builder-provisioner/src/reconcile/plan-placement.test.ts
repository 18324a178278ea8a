import { describe } from 'vitest'
import {
  bind,
  bound,
  create,
  createWarm,
  destroy,
  ended,
  endOf,
  expectPlans,
  failed,
  settle,
  used,
} from '../testing/plan-table.ts'
import { builderView, lease, leaseView, nowMs, onArm, projectA, projectB, withInternet } from '../testing/situations.ts'

describe('a waiting lease', () => {
  expectPlans([
    [
      'gets a new builder when there is room',
      { leases: [leaseView(1)] },
      [create(1), { do: 'report', leaseId: lease(1), position: 0 }].slice(0, 1),
    ],
    ['takes a warm builder that fits', { leases: [leaseView(1)], builders: [builderView('a')] }, [bind(1, 'a')]],
    [
      'prefers a ready builder to one that is being made',
      { leases: [leaseView(1)], builders: [builderView('a', { phase: 'starting' }), builderView('b')] },
      [bind(1, 'b')],
    ],
    [
      'takes a warm builder that is being made rather than a new one',
      { leases: [leaseView(1)], builders: [builderView('a', { phase: 'starting' })] },
      [bind(1, 'a')],
    ],
    [
      'never takes a builder that served another',
      { leases: [leaseView(1)], builders: [used('a', { phase: 'destroying' })] },
      [create(1)],
    ],
    [
      'never takes a builder with another egress',
      { leases: [leaseView(1)], builders: [builderView('a', { traits: withInternet })] },
      [create(1)],
    ],
    [
      'never takes a builder of another platform',
      { leases: [leaseView(1, { traits: onArm })], builders: [builderView('a')] },
      [create(1, onArm)],
    ],
    [
      'never takes a builder that ends before it',
      { leases: [leaseView(1)], builders: [builderView('a', { endsAtMs: nowMs + 1_199_999 })] },
      [create(1)],
    ],
    [
      'never takes a project’s builder when it wants one for itself',
      { leases: [leaseView(1), bound(2, 'a')], builders: [used('a', { traits: projectA })] },
      [create(1)],
    ],
    [
      'never takes a warm builder for a project',
      { leases: [leaseView(1, { traits: projectA })], builders: [builderView('a')] },
      [create(1, projectA)],
    ],
    [
      'never takes what nobody knows',
      { leases: [leaseView(1)], builders: [builderView('a', { traits: undefined })] },
      [destroy('a'), create(1)],
    ],
    ['comes before the warm pool', { leases: [leaseView(1), leaseView(2)] }, [create(1), create(2)], { warm: 2 }],
    [
      'waits when the machine is full',
      { leases: [leaseView(1), bound(2, 'a'), bound(3, 'b')], builders: [used('a'), used('b')] },
      [],
    ],
    [
      'waits for a place that is becoming free',
      { leases: [leaseView(1), bound(2, 'a')], builders: [used('a'), used('b', { phase: 'destroying' })] },
      [],
    ],
    [
      'makes a warm builder go that it cannot use',
      { leases: [leaseView(1, { traits: withInternet }), bound(2, 'a')], builders: [used('a'), builderView('b')] },
      [destroy('b')],
    ],
    [
      'makes no second warm builder go while one is going',
      {
        leases: [leaseView(1, { traits: withInternet })],
        builders: [builderView('a', { phase: 'destroying' }), builderView('b')],
      },
      [],
    ],
    [
      'makes no room for one who waits for a project’s state',
      {
        leases: [leaseView(1, { traits: { ...projectA, egress: 'internet' } }), bound(2, 'a')],
        builders: [used('a', { traits: projectA }), builderView('b')],
      },
      [],
    ],
    [
      'two that fit one warm builder get one each',
      { leases: [leaseView(1), leaseView(2)], builders: [builderView('a')] },
      [bind(1, 'a'), create(2)],
    ],
    [
      'first come, first served',
      { leases: [leaseView(3), leaseView(1)], builders: [builderView('a'), used('b', { phase: 'destroying' })] },
      [bind(3, 'a')].concat(),
    ],
    [
      'gets nothing any more when the node stops',
      { stopping: true, leases: [leaseView(1)], builders: [] },
      [endOf(1, failed('no_capacity', true))],
    ],
    [
      'fails when its time is over',
      { leases: [leaseView(1, { expiresAtMs: nowMs })] },
      [endOf(1, failed('no_capacity', false))],
    ],
    [
      'fails at once when its egress cannot be had',
      {
        leases: [leaseView(1, { traits: withInternet })],
        unavailable: [
          { egress: 'internet', builderClass: 'ephemeral', reason: 'egress_unavailable', detail: 'nft: install it' },
        ],
      },
      [endOf(1, { reason: 'egress_unavailable', retryable: false, detail: 'nft: install it' })],
    ],
    [
      'is not refused for what another kind lacks',
      {
        leases: [leaseView(1)],
        unavailable: [{ egress: 'none', builderClass: 'project', reason: 'isolation_missing', detail: '' }],
      },
      [create(1)],
    ],
    [
      'that was given up fails, for there is no builder to show',
      { leases: [leaseView(1, { releasedAs: 'canceled' })] },
      [endOf(1, failed('no_capacity', false))],
    ],
    [
      'whose end has come fails',
      { leases: [leaseView(1, { leaseEndsAtMs: nowMs })] },
      [endOf(1, failed('no_capacity', false))],
    ],
  ])
})

describe('a project’s builder', () => {
  const a = used('a', { traits: projectA })
  expectPlans([
    [
      'is shared by leases that run at once',
      { leases: [leaseView(1, { traits: projectA }), bound(2, 'a', { traits: projectA })], builders: [a] },
      [bind(1, 'a')],
    ],
    [
      'is made once for leases that come at once',
      { leases: [leaseView(1, { traits: projectA }), leaseView(2, { traits: projectA })] },
      [create(1, projectA)],
    ],
    [
      'is not shared by projects',
      { leases: [leaseView(1, { traits: projectB }), bound(2, 'a', { traits: projectA })], builders: [a] },
      [create(1, projectB)],
    ],
    [
      'is not made while the one before is being removed',
      {
        leases: [leaseView(1, { traits: projectA })],
        builders: [used('a', { traits: projectA, phase: 'destroying' })],
      },
      [],
    ],
    [
      'with another egress goes when nobody uses it',
      {
        leases: [leaseView(1, { traits: { ...projectA, egress: 'internet' } })],
        builders: [{ ...a, idleSinceMs: nowMs }],
      },
      [destroy('a')],
      { projectLingerMs: 1_000 },
    ],
    [
      'goes with its last lease',
      { leases: [bound(1, 'a', { traits: projectA, releasedAs: 'finished' })], builders: [a] },
      [endOf(1, ended('finished')), destroy('a')],
    ],
    ['stays while it may linger', { builders: [{ ...a, idleSinceMs: nowMs - 999 }] }, [], { projectLingerMs: 1_000 }],
    [
      'goes when it has lingered',
      { builders: [{ ...a, idleSinceMs: nowMs - 1_000 }] },
      [destroy('a')],
      { projectLingerMs: 1_000 },
    ],
    [
      'makes room when it only lingers',
      { leases: [leaseView(1)], builders: [{ ...a, idleSinceMs: nowMs }] },
      [destroy('a')],
      { projectLingerMs: 1_000, capacity: 1 },
    ],
    [
      'gives an ending lease its own receipt while others use it',
      {
        leases: [bound(1, 'a', { traits: projectA, phase: 'ending' }), bound(2, 'a', { traits: projectA })],
        builders: [a],
      },
      [settle(1, true)],
    ],
    [
      'gives no own receipt when it goes',
      { leases: [bound(1, 'a', { traits: projectA, phase: 'ending' })], builders: [a] },
      [destroy('a')],
    ],
    [
      'that is lost ends every lease of it',
      {
        leases: [bound(1, 'a', { traits: projectA }), bound(2, 'a', { traits: projectA, phase: 'starting' })],
        builders: [used('a', { traits: projectA, phase: 'lost' })],
      },
      [endOf(1, ended('builder_lost')), endOf(2, failed('builder_lost', true)), destroy('a')],
    ],
  ])
})

describe('the warm pool', () => {
  expectPlans([
    ['is filled as far as there is room', {}, [createWarm(), createWarm()], { warm: 3 }],
    [
      'has builders of each platform',
      {},
      [createWarm(), createWarm(onArm)],
      { warm: 1, warmPlatforms: ['linux/amd64', 'linux/arm64'] },
    ],
    [
      'has builders with the egress that the operator wants',
      {},
      [createWarm(withInternet)],
      { warm: 1, warmEgress: 'internet' },
    ],
    [
      'is not filled past the capacity',
      { leases: [bound(1, 'a')], builders: [used('a'), used('b', { phase: 'destroying' })] },
      [],
      { warm: 1 },
    ],
    [
      'waits while a builder for a lease is being made',
      { leases: [bound(1, 'a', { phase: 'starting' })], builders: [used('a', { phase: 'starting' })] },
      [],
      { warm: 1 },
    ],
    ['is filled some at a time', {}, [createWarm(), createWarm()], { warm: 4, capacity: 4 }],
    [
      'waits for those that are being made',
      { builders: [builderView('a', { phase: 'starting' }), builderView('b', { phase: 'starting' })] },
      [],
      { warm: 4, capacity: 4 },
    ],
    [
      'is not filled while somebody has just got a builder of it',
      { leases: [bound(1, 'a', { receivedAtMs: nowMs - 999 })], builders: [used('a'), builderView('b')] },
      [],
      { warm: 2, capacity: 4 },
    ],
    [
      'is filled a moment later',
      { leases: [bound(1, 'a', { receivedAtMs: nowMs - 1_000 })], builders: [used('a'), builderView('b')] },
      [createWarm()],
      { warm: 2, capacity: 4 },
    ],
    [
      'is filled at once when it is empty',
      { leases: [bound(1, 'a', { receivedAtMs: nowMs })], builders: [used('a')] },
      [createWarm()],
      { warm: 1 },
    ],
    ['waits after one that failed', { warmAfterMs: nowMs + 1 }, [], { warm: 1 }],
    ['is left alone when the node stops', { stopping: true }, [], { warm: 1 }],
    [
      'counts no builder that was handed out',
      { leases: [bound(1, 'a')], builders: [used('a')] },
      [createWarm()],
      { warm: 1 },
    ],
  ])
})
