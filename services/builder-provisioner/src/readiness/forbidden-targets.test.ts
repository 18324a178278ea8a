import { describe, expect, it } from 'vitest'
import { forbiddenTargets } from './forbidden-targets.ts'

const nothing = { interfaces: {}, ports: [], services: [], extra: [] }

describe('the targets that no build may reach', () => {
  it.each([
    '169.254.169.254:80',
    '100.100.100.200:80',
    '[fd00:ec2::254]:80',
    '10.0.0.1:443',
    '192.168.1.1:80',
    '172.16.0.1:80',
  ])('always hold %s', target => {
    expect(forbiddenTargets(nothing)).toContain(target)
  })

  it('hold each address of this machine with each port of ours, and its loopback', () => {
    const interfaces = { lo: [{ address: '127.0.0.1' }], eth0: [{ address: '192.0.2.7' }, { address: '2001:db8::7' }] }
    const services = [{ host: 'bus.example', port: 4222 }]
    const targets = forbiddenTargets({ ...nothing, interfaces, ports: [8372], services })
    const own = ['127.0.0.1', '[::1]', '192.0.2.7', '[2001:db8::7]']
    for (const address of own) expect(targets).toEqual(expect.arrayContaining([`${address}:8372`, `${address}:4222`]))
    expect(targets).toContain('bus.example:4222')
    expect(new Set(targets).size).toBe(targets.length)
  })

  it('hold what the operator adds', () => {
    expect(forbiddenTargets({ ...nothing, extra: ['198.51.100.9:22'] })).toContain('198.51.100.9:22')
  })

  it('leave out link-local addresses, which mean nothing without their link', () => {
    const targets = forbiddenTargets({
      ...nothing,
      interfaces: { eth0: [{ address: 'fe80::1' }], gone: undefined },
      ports: [1],
    })
    expect(targets.filter(target => target.includes('fe80'))).toEqual([])
  })
})
