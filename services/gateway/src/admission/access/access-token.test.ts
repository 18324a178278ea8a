import { Secret } from '@forkproof/infra/secret'
import { describe, expect, it } from 'vitest'
import { asAccessToken, newAccessToken } from './access-token.ts'

const parsed = (text: string) => asAccessToken(new Secret(text))?.reveal()

describe('access tokens', () => {
  it('are recognised by prefix, length and checksum', () => {
    for (let count = 0; count < 200; count++) {
      const token = newAccessToken().reveal()
      expect(token).toMatch(/^fpa_[0-9A-Za-z]{46}$/)
      expect(parsed(token)).toBe(token)
    }
  })

  it('are refused with any one character changed, without a look-up', () => {
    const token = newAccessToken().reveal()
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'x' ? 'y' : 'x'
      expect(parsed(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined()
    }
  })

  it.each(['', 'fpa_', `fpa_${'A'.repeat(46)}`, `fpb_${'A'.repeat(43)}`, `fpa_${'é'.repeat(46)}`, 'A'.repeat(100_000)])(
    'refuses %j',
    text => {
      expect(parsed(text)).toBeUndefined()
    },
  )

  it('refuses a token with anything around it', () => {
    const token = newAccessToken().reveal()
    for (const text of [` ${token}`, `${token}\n`, `${token}0`, token.slice(0, -1), token.toLowerCase()]) {
      expect(parsed(text)).toBeUndefined()
    }
  })

  it('never print themselves, and are never drawn twice', () => {
    const drawn = Array.from({ length: 1_000 }, () => newAccessToken())
    expect(new Set(drawn.map(token => token.reveal())).size).toBe(1_000)
    expect(JSON.stringify(drawn[0])).not.toContain('fpa_')
  })

  it('have a checksum that others can compute: CRC-32 of all before it, in base62', () => {
    // The figure comes from another implementation of CRC-32 (zlib's own, from Python).
    const token = `fpa_${'0'.repeat(40)}3v70X7`
    expect(parsed(token)).toBe(token)
  })
})
