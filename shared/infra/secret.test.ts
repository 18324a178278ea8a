import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from './secret.ts'

describe('Secret', () => {
  const secret = new Secret('hunter2')
  it.each([
    ['string conversion', `${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['inspection', inspect({ secret }, { depth: 9, showHidden: true })],
    ['an error message', new Error(`bad ${secret}`).message],
    ['its own keys', Object.keys(secret).join()],
  ])('does not show its value by %s', (_name, text) => {
    expect(text).not.toContain('hunter2')
  })

  it('gives the value to who asks for it by name', () => {
    expect(secret.reveal()).toBe('hunter2')
  })
})
