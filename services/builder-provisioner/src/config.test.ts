import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

const least = {
  FORKPROOF_NATS_PASSWORD: 'a password of enough',
  FORKPROOF_PROVISIONER_STATE_FOLDER: '/var/lib/forkproof',
}
const withSetting = (name: string, value: string) => () =>
  readConfig({ ...least, [`FORKPROOF_PROVISIONER_${name}`]: value })

describe('the configuration', () => {
  it('needs a password and a folder, and nothing else', () => {
    expect(readConfig(least)).toMatchObject({ driver: 'process', nodeId: 'node-1', warm: 1, clientGoneSeconds: 120 })
    expect(() => readConfig({})).toThrow('2 problem(s)')
  })

  it('refuses the driver that builds nothing unless it is allowed', () => {
    expect(withSetting('DRIVER', 'memory')).toThrow('builds nothing')
    const env = { ...least, FORKPROOF_PROVISIONER_DRIVER: 'memory' }
    expect(readConfig({ ...env, FORKPROOF_PROVISIONER_MEMORY_DRIVER_ALLOWED: 'yes' }).driver).toBe('memory')
  })

  it('takes platforms as a list', () => {
    expect(withSetting('PLATFORMS', 'linux/arm64, linux/amd64')().platforms).toEqual(['linux/arm64', 'linux/amd64'])
  })

  it.each([
    ['DRIVER', 'vm'],
    ['NODE_ID', 'Node_1'],
    ['STATE_FOLDER', 'relative'],
    ['PLATFORMS', 'windows/amd64'],
    ['PLATFORMS', 'linux'],
    ['PORT', '65536'],
    ['PUBLIC_ENDPOINT', 'https://builders.example'],
    ['PUBLIC_ENDPOINT', 'builders.example'],
    ['CAPACITY', '0'],
    ['CAPACITY', 'many'],
    ['WARM', '-1'],
    ['WARM_EGRESS', 'all'],
    ['QUEUE_MAX', '0'],
    ['CLIENT_GONE_SECONDS', '0'],
    ['BUILDER_CPUS', '0'],
    ['BUILDER_MEMORY_MB', '1'],
    ['BUILDKITD_PATH', 'buildkitd'],
    ['UPLINK_NETWORK', '198.19.64.1/18'],
    ['UPLINK_NAMESERVERS', 'dns.example'],
    ['UPLINK_BLOCKED', '203.0.113.0/24,x'],
    ['FORBIDDEN_TARGETS', 'https://bus.example'],
  ])('refuses %s=%s', (name, value) => {
    expect(withSetting(name, value)).toThrow('1 problem(s)')
  })
})

describe('lists', () => {
  it('may be empty, and are trimmed', () => {
    expect(readConfig(least)).toMatchObject({ uplinkBlocked: [], forbiddenTargets: [] })
    expect(withSetting('UPLINK_BLOCKED', '203.0.113.0/24, 198.51.100.0/24')().uplinkBlocked).toHaveLength(2)
    expect(withSetting('FORBIDDEN_TARGETS', 'bus.example:4222,[2001:db8::1]:80')().forbiddenTargets).toHaveLength(2)
  })
})
