import { describe } from 'vitest'
import { planNowMs } from '../testing/fake-snapshots.ts'
import {
  asDestroyed,
  asFailed,
  asLost,
  asLostBeforeReady,
  boundLease,
  destroyAction,
  endAction,
  expectPlans,
  usedBuilder,
} from '../testing/plan-harness.ts'

describe('a lease with a builder ends', () => {
  const one = usedBuilder('a')
  const gone = { seenAtMs: planNowMs - 120_000 }
  expectPlans([
    [
      'when it is released',
      { leases: [boundLease(1, 'a', { releasedAs: 'finished' })], builders: [one] },
      [endAction(1, asDestroyed('finished')), destroyAction('a')],
    ],
    [
      'when it is released before it is ready',
      {
        leases: [boundLease(1, 'a', { phase: 'starting', releasedAs: 'canceled' })],
        builders: [usedBuilder('a', { phase: 'starting' })],
      },
      [endAction(1, asDestroyed('canceled')), destroyAction('a')],
    ],
    [
      'when its wall clock is over, connected or not',
      { leases: [boundLease(1, 'a', { leaseEndsAtMs: planNowMs, connections: 1 })], builders: [one] },
      [endAction(1, asDestroyed('time_up')), destroyAction('a')],
    ],
    [
      'when its client is gone',
      { leases: [boundLease(1, 'a', gone)], builders: [one] },
      [endAction(1, asDestroyed('client_gone')), destroyAction('a')],
    ],
    [
      'not while its client is connected',
      { leases: [boundLease(1, 'a', { ...gone, connections: 1 })], builders: [one] },
      [],
    ],
    [
      'not before its client has been silent for long enough',
      { leases: [boundLease(1, 'a', { seenAtMs: planNowMs - 119_999 })], builders: [one] },
      [],
    ],
    [
      'not while nobody can be heard',
      { busUpSinceMs: undefined, leases: [boundLease(1, 'a', gone)], builders: [one] },
      [],
    ],
    [
      'not right after hearing came back',
      { busUpSinceMs: planNowMs - 119_999, leases: [boundLease(1, 'a', gone)], builders: [one] },
      [],
    ],
    [
      'not for silence before it was ready',
      {
        leases: [boundLease(1, 'a', { ...gone, phase: 'starting' })],
        builders: [usedBuilder('a', { phase: 'starting' })],
      },
      [],
    ],
    [
      'not for waiting long, once its builder is being made',
      {
        leases: [boundLease(1, 'a', { phase: 'starting', expiresAtMs: planNowMs })],
        builders: [usedBuilder('a', { phase: 'starting' })],
      },
      [],
    ],
    [
      'when its builder died',
      {
        leases: [boundLease(1, 'a')],
        builders: [usedBuilder('a', { phase: 'lost', lossReason: 'out_of_memory' })],
      },
      [endAction(1, asLost('out_of_memory')), destroyAction('a')],
    ],
    [
      'to be tried again when its builder died before it was ready',
      {
        leases: [boundLease(1, 'a', { phase: 'connecting' })],
        builders: [usedBuilder('a', { phase: 'lost', lossReason: 'ended_by_itself' })],
      },
      [endAction(1, asLostBeforeReady('ended_by_itself')), destroyAction('a')],
    ],
    [
      'as its builder failed',
      {
        leases: [boundLease(1, 'a', { phase: 'starting' })],
        builders: [
          usedBuilder('a', {
            phase: 'failed',
            failure: { as: 'failed', reason: 'isolation_missing', retryable: false },
          }),
        ],
      },
      [endAction(1, asFailed('isolation_missing', false)), destroyAction('a')],
    ],
    ['when nobody remembers its builder', { leases: [boundLease(1, 'a')] }, [endAction(1, asLost('unknown_to_node'))]],
    [
      'when the node stops',
      { stopping: true, leases: [boundLease(1, 'a')], builders: [one] },
      [endAction(1, asDestroyed('node_stopping')), destroyAction('a')],
    ],
    [
      'to be tried elsewhere when the node stops before it was ready',
      {
        stopping: true,
        leases: [boundLease(1, 'a', { phase: 'starting' })],
        builders: [usedBuilder('a', { phase: 'starting' })],
      },
      [endAction(1, asLostBeforeReady('node_stopping')), destroyAction('a')],
    ],
    [
      'once only',
      {
        leases: [boundLease(1, 'a', { phase: 'ending', releasedAs: 'finished', ...gone })],
        builders: [usedBuilder('a', { phase: 'destroying' })],
      },
      [],
    ],
  ])
})
