import { describe, expect, it } from 'vitest'
import { fitsWildcard } from './wildcard.ts'

describe('a pattern with wildcards', () => {
  it.each([
    ['repo_id:456789:*', 'repo_id:456789:fork_pull_request', true],
    ['repo_id:456789*', 'repo_id:4567890:fork_pull_request', true],
    ['*', '', true],
    ['*', 'a/b:c\nd', true],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbbcd', false],
    ['a*c', 'xabc', false],
    ['a.c', 'abc', false],
    ['a|b', 'a', false],
    ['a+', 'aa', false],
    ['(a)', '(a)', true],
    ['[a]', 'a', false],
    ['a\\*', 'a\\x', true],
    ['^a$', 'a', false],
    ['A', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])(
    '%j fits %j: %s, where a question mark is nothing special and where it is one character',
    (pattern, text, fits) => {
      expect(fitsWildcard(pattern, text)).toBe(fits)
      expect(fitsWildcard(pattern, text, { one: true })).toBe(fits)
    },
  )

  it.each([
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c', 'abbc', false],
    ['a?c', 'a💡c', true],
    ['refs/heads/????', 'refs/heads/main', true],
  ])('%j fits %j: %s, where a question mark is one character', (pattern, text, fits) => {
    expect(fitsWildcard(pattern, text, { one: true })).toBe(fits)
    expect(fitsWildcard(pattern, text)).toBe(false)
  })
})
