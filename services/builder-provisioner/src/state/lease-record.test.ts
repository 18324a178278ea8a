import { describe, expect, it } from 'vitest'
import { LiveLease } from './lease-record.ts'

const lease = {
  leaseId: '11111111-1111-4111-8111-111111111111',
  buildId: 'B'.repeat(43),
  platform: 'linux/amd64',
  phase: 'waiting',
  wish: {
    projectId: 'prj_aaaaaaaaaaaaaaaa',
    builderClass: 'ephemeral',
    egress: 'none',
    sealKey: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
    expiresAtMs: 1_790_000_300_000,
    leaseEndsAtMs: 1_790_001_200_000,
  },
  receivedAtMs: 1_790_000_000_000,
  reports: 0,
  events: [],
}

describe('the record of a lease', () => {
  it('of an older release, which kept a trace’s parent, is read without it', () => {
    const older = { ...lease, wish: { ...lease.wish, traceparent: '00-aa-bb-01' } }
    expect(LiveLease.parse(older)).toEqual(lease)
  })
})
