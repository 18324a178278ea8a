import { describe } from 'vitest'
import { fakeBuilder, onArm, planNowMs, withInternet } from '../testing/fake-snapshots.ts'
import { boundLease, createWarmAction, expectPlans, usedBuilder } from '../testing/plan-harness.ts'

describe('the warm pool', () => {
  expectPlans([
    ['is filled as far as there is room', {}, [createWarmAction(), createWarmAction()], { warm: 3 }],
    [
      'has builders of each platform',
      {},
      [createWarmAction(), createWarmAction(onArm)],
      { warm: 1, warmPlatforms: ['linux/amd64', 'linux/arm64'] },
    ],
    [
      'has builders with the egress that the operator wants',
      {},
      [createWarmAction(withInternet)],
      { warm: 1, warmEgress: 'internet' },
    ],
    [
      'is not filled past the capacity',
      { leases: [boundLease(1, 'a')], builders: [usedBuilder('a'), usedBuilder('b', { phase: 'destroying' })] },
      [],
      { warm: 1 },
    ],
    [
      'waits while a builder for a lease is being made',
      { leases: [boundLease(1, 'a', { phase: 'starting' })], builders: [usedBuilder('a', { phase: 'starting' })] },
      [],
      { warm: 1 },
    ],
    ['is filled some at a time', {}, [createWarmAction(), createWarmAction()], { warm: 4, capacity: 4 }],
    [
      'waits for those that are being made',
      { builders: [fakeBuilder('a', { phase: 'starting' }), fakeBuilder('b', { phase: 'starting' })] },
      [],
      { warm: 4, capacity: 4 },
    ],
    [
      'is not filled while somebody has just got a builder of it',
      {
        leases: [boundLease(1, 'a', { receivedAtMs: planNowMs - 999 })],
        builders: [usedBuilder('a'), fakeBuilder('b')],
      },
      [],
      { warm: 2, capacity: 4 },
    ],
    [
      'is filled a moment later',
      {
        leases: [boundLease(1, 'a', { receivedAtMs: planNowMs - 1_000 })],
        builders: [usedBuilder('a'), fakeBuilder('b')],
      },
      [createWarmAction()],
      { warm: 2, capacity: 4 },
    ],
    [
      'is filled at once when it is empty',
      { leases: [boundLease(1, 'a', { receivedAtMs: planNowMs })], builders: [usedBuilder('a')] },
      [createWarmAction()],
      { warm: 1 },
    ],
    ['waits after one that failed', { warmAfterMs: planNowMs + 1 }, [], { warm: 1 }],
    ['is left alone when the node stops', { stopping: true }, [], { warm: 1 }],
    [
      'counts no builder that was handed out',
      { leases: [boundLease(1, 'a')], builders: [usedBuilder('a')] },
      [createWarmAction()],
      { warm: 1 },
    ],
  ])
})
