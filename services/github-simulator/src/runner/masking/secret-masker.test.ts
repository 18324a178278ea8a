import { describe, expect, it } from 'vitest'
import { SecretMasker } from './secret-masker.ts'

const secret = 'p4ss/w+rd"&<é> %x\'y!'

function maskerOf(...secrets: string[]): SecretMasker {
  const masker = new SecretMasker()
  for (const value of secrets) masker.add(value)
  return masker
}

describe('masking', () => {
  it.each([
    ['as it is', secret],
    ['within other text', `token=${secret};`],
    ['in JSON', JSON.stringify({ secret })],
    ['in a URI', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ secret }).toString()],
    ['in XML', '<a>p4ss/w+rd&quot;&amp;&lt;é&gt; %x&apos;y!</a>'],
    ['as command data', secret.replaceAll('%', '%25')],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in base64 after one byte', Buffer.from(`u${secret}`).toString('base64')],
    ['in base64 after two bytes', Buffer.from(`u:${secret}`).toString('base64')],
    ['in base64 with more behind it', Buffer.from(`user:${secret}@host.example`).toString('base64')],
  ])('hides a secret %s', (_case, text) => {
    const masked = maskerOf(secret).mask(text)
    expect(masked).toContain('***')
    expect(masked).not.toContain('p4ss')
    expect(Buffer.from(masked, 'base64').toString()).not.toContain('p4ss')
    expect(decodeURIComponent(masked.replaceAll(/%(?![0-9A-F]{2})/g, ''))).not.toContain('p4ss')
  })

  it('hides each line of a secret with several lines', () => {
    const masked = maskerOf('first-line\r\nsecond-line\n').mask('a first-line b\nsecond-line')
    expect(masked).toBe('a *** b\n***')
  })

  it('joins overlapping secrets so that no end of either shows', () => {
    expect(maskerOf('abcdef', 'defghi').mask('xabcdefghiy')).toBe('x***y')
  })

  it('finds a secret that overlaps itself', () => {
    expect(maskerOf('aXaXa').mask('aXaXaXa!')).toBe('***!')
  })

  it('hides nothing for empty and blank values', () => {
    expect(maskerOf('', ' ', '\n').mask('a b\nc')).toBe('a b\nc')
  })

  it('does not treat a secret as a pattern', () => {
    expect(maskerOf('.*').mask('abc .* def')).toBe('abc *** def')
  })

  it('says when there are too many secrets instead of forgetting one silently', () => {
    const masker = new SecretMasker()
    const added = Array.from({ length: 5_000 }, (_, index) => masker.add(`secret-number-${index}`))
    expect(added[0]).toBe(true)
    expect(added.at(-1)).toBe(false)
  })

  it('tells whether a text holds a secret in any form', () => {
    expect(maskerOf(secret).contains(Buffer.from(secret).toString('base64'))).toBe(true)
    expect(maskerOf(secret).contains('harmless')).toBe(false)
  })
})
