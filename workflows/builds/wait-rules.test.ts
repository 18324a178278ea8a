import { describe, expect, it } from 'vitest'
import type { AwaitChange, ConnectPlatform } from './api.ts'
import { checkAwaitChange, checkConnect } from './wait-rules.ts'

const wait: AwaitChange = { knownVersion: 3, waitMs: 20_000 }
const ask: ConnectPlatform = { platform: 'linux/amd64', waitMs: 2_000 }
const spec = { allowedPlatforms: ['linux/amd64'] as const }

describe('a wait', () => {
  it.each([
    ['the newest version', wait],
    ['an older one', { ...wait, knownVersion: 0 }],
    ['none at all', { ...wait, waitMs: 0 }],
    ['the end of confirming', { ...wait, leaving: 'confirming' as const }],
  ])('for %s is taken', (_, asked) => {
    expect(() => checkAwaitChange(asked, 3)).not.toThrow()
  })
  it.each<[string, object]>([
    ['too long', { waitMs: 20_001 }],
    ['of a negative time', { waitMs: -1 }],
    ['of half a millisecond', { waitMs: 0.5 }],
    ['without an end', { waitMs: Number.POSITIVE_INFINITY }],
    ['of no number', { waitMs: '1000' }],
    ['without a time', { waitMs: undefined }],
    ['for a version that does not exist yet', { knownVersion: 4 }],
    ['for a negative version', { knownVersion: -1 }],
    ['for no version', { knownVersion: null }],
    ['for half a version', { knownVersion: 1.5 }],
    ['for another phase', { leaving: 'active' }],
  ])('%s is rejected', (_, changes) => {
    expect(() => checkAwaitChange({ ...wait, ...changes } as AwaitChange, 3)).toThrow(
      expect.objectContaining({ type: 'invalid_request' }),
    )
  })
})

describe('a request to connect', () => {
  it('for a granted platform is taken', () => {
    expect(() =>
      checkConnect({ ...ask, certificateRequest: '-----BEGIN CERTIFICATE REQUEST-----' }, spec),
    ).not.toThrow()
  })
  it.each<[string, object, string]>([
    ['for a platform that is not granted', { platform: 'linux/arm64' }, 'platform_not_granted'],
    ['for an unknown platform', { platform: 'plan9/mips' }, 'platform_not_granted'],
    ['for no platform', { platform: undefined }, 'platform_not_granted'],
    ['with too long a wait', { waitMs: 60_000 }, 'invalid_request'],
    ['with a huge certificate request', { certificateRequest: 'x'.repeat(4_097) }, 'certificate_request_invalid'],
    ['with a certificate request of another type', { certificateRequest: { pem: 'x' } }, 'certificate_request_invalid'],
  ])('%s is rejected', (_, changes, type) => {
    expect(() => checkConnect({ ...ask, ...changes } as ConnectPlatform, spec)).toThrow(
      expect.objectContaining({ type }),
    )
  })
})
