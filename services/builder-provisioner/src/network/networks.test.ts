import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockedNetworks, freeLink, isPublic, parseNetwork } from './networks.ts'

describe('a network', () => {
  it('is an address and a mask', () => {
    expect(parseNetwork('198.19.64.0/18')).toEqual({ address: '198.19.64.0', bits: 18 })
    expect(parseNetwork('0.0.0.0/0')).toEqual({ address: '0.0.0.0', bits: 0 })
  })

  it.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.1/8',
    '10.0.0/8',
    '256.0.0.0/8',
    'fd00::/8',
    '10.0.0.0/8 ; flush ruleset',
    '010.0.0.0/8',
  ])('is not %j', text => {
    expect(() => parseNetwork(text)).toThrow()
  })
})

describe('addresses of a link', () => {
  const prefix = parseNetwork('198.19.64.0/28')

  it('are the two of a /30 that nobody has, from a place on and around', () => {
    expect(freeLink(prefix, [], 0)).toEqual({ outside: '198.19.64.1', inside: '198.19.64.2' })
    expect(freeLink(prefix, [], 7)).toEqual({ outside: '198.19.64.13', inside: '198.19.64.14' })
    expect(freeLink(prefix, ['198.19.64.13', '198.19.64.2'], 3)).toEqual({
      outside: '198.19.64.5',
      inside: '198.19.64.6',
    })
  })

  it('are not to be had when every one is taken, whatever else the machine has', () => {
    const taken = ['198.19.64.1', '198.19.64.5', '198.19.64.9', '198.19.64.13', '203.0.113.1', '127.0.0.1']
    expect(freeLink(prefix, taken, 2)).toBeUndefined()
  })

  it('are never given twice, and never outside of the prefix', () => {
    const wide = parseNetwork('198.19.64.0/18')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 40 }), starts => {
        const used: string[] = []
        for (const start of starts) {
          const link = freeLink(wide, used, start)
          expect(link?.outside).toMatch(/^198\.19\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\./)
          expect(used).not.toContain(link?.outside)
          if (link) used.push(link.outside)
        }
      }),
      { seed: 7 },
    )
  })
})

describe('what builders may reach', () => {
  it.each(['1.1.1.1', '198.51.100.1', '203.0.113.9', '172.32.0.1', '100.128.0.1', '198.20.0.1'])('is %s', address => {
    expect(isPublic(address)).toBe(true)
  })

  it.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.64.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    'fd00:ec2::254',
    'localhost',
    '',
  ])('is not %j', address => {
    expect(isPublic(address)).toBe(false)
  })

  it('is bounded by networks that are all well-formed', () => {
    for (const network of blockedNetworks) expect(() => parseNetwork(network)).not.toThrow()
  })
})
