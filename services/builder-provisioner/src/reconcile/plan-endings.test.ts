import { describe } from 'vitest'
import { bound, destroy, ended, endOf, expectPlans, failed, used } from '../testing/plan-table.ts'
import { nowMs } from '../testing/situations.ts'

describe('a lease with a builder ends', () => {
  const one = used('a')
  const gone = { seenAtMs: nowMs - 120_000 }
  expectPlans([
    [
      'when it is released',
      { leases: [bound(1, 'a', { releasedAs: 'finished' })], builders: [one] },
      [endOf(1, ended('finished')), destroy('a')],
    ],
    [
      'when it is released before it is ready',
      {
        leases: [bound(1, 'a', { phase: 'starting', releasedAs: 'canceled' })],
        builders: [used('a', { phase: 'starting' })],
      },
      [endOf(1, ended('canceled')), destroy('a')],
    ],
    [
      'when its wall clock is over, connected or not',
      { leases: [bound(1, 'a', { leaseEndsAtMs: nowMs, connections: 1 })], builders: [one] },
      [endOf(1, ended('time_up')), destroy('a')],
    ],
    [
      'when its client is gone',
      { leases: [bound(1, 'a', gone)], builders: [one] },
      [endOf(1, ended('client_gone')), destroy('a')],
    ],
    [
      'not while its client is connected',
      { leases: [bound(1, 'a', { ...gone, connections: 1 })], builders: [one] },
      [],
    ],
    [
      'not before its client has been silent for long enough',
      { leases: [bound(1, 'a', { seenAtMs: nowMs - 119_999 })], builders: [one] },
      [],
    ],
    [
      'not while nobody can be heard',
      { hearingSinceMs: undefined, leases: [bound(1, 'a', gone)], builders: [one] },
      [],
    ],
    [
      'not right after hearing came back',
      { hearingSinceMs: nowMs - 119_999, leases: [bound(1, 'a', gone)], builders: [one] },
      [],
    ],
    [
      'not for silence before it was ready',
      { leases: [bound(1, 'a', { ...gone, phase: 'starting' })], builders: [used('a', { phase: 'starting' })] },
      [],
    ],
    [
      'not for waiting long, once its builder is being made',
      {
        leases: [bound(1, 'a', { phase: 'starting', expiresAtMs: nowMs })],
        builders: [used('a', { phase: 'starting' })],
      },
      [],
    ],
    [
      'when its builder died',
      { leases: [bound(1, 'a')], builders: [used('a', { phase: 'lost' })] },
      [endOf(1, ended('builder_lost')), destroy('a')],
    ],
    [
      'to be tried again when its builder died before it was ready',
      { leases: [bound(1, 'a', { phase: 'connecting' })], builders: [used('a', { phase: 'lost' })] },
      [endOf(1, failed('builder_lost', true)), destroy('a')],
    ],
    [
      'as its builder failed',
      {
        leases: [bound(1, 'a', { phase: 'starting' })],
        builders: [
          used('a', { phase: 'failed', failure: { as: 'failed', reason: 'isolation_missing', retryable: false } }),
        ],
      },
      [endOf(1, failed('isolation_missing', false)), destroy('a')],
    ],
    ['when nobody remembers its builder', { leases: [bound(1, 'a')] }, [endOf(1, ended('builder_lost'))]],
    [
      'when the node stops',
      { stopping: true, leases: [bound(1, 'a')], builders: [one] },
      [endOf(1, ended('node_stopping')), destroy('a')],
    ],
    [
      'to be tried elsewhere when the node stops before it was ready',
      { stopping: true, leases: [bound(1, 'a', { phase: 'starting' })], builders: [used('a', { phase: 'starting' })] },
      [endOf(1, failed('builder_lost', true)), destroy('a')],
    ],
    [
      'once only',
      {
        leases: [bound(1, 'a', { phase: 'ending', releasedAs: 'finished', ...gone })],
        builders: [used('a', { phase: 'destroying' })],
      },
      [],
    ],
  ])
})
