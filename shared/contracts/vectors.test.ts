import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { Audience, ChallengeCode, Issuer, RepositoryName, RunId } from './ids.ts'

/** One JSON string per line, because some cases are made of line breaks and invisible characters. */
const cases = (file: string): string[] =>
  readFileSync(new URL(`./vectors/${file}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => String(JSON.parse(line)))

const grammars: Record<string, z.ZodType> = {
  'repository-name': RepositoryName,
  'run-id': RunId,
  audience: Audience,
  issuer: Issuer,
  'challenge-code': ChallengeCode,
}

describe.each(Object.entries(grammars))('the grammar %s', (name, grammar) => {
  it.each(cases(`${name}.valid`))('accepts %j', text => {
    expect(grammar.safeParse(text).success).toBe(true)
  })

  it.each(['', ...cases(`${name}.invalid`)])('refuses %j', text => {
    expect(grammar.safeParse(text).success).toBe(false)
  })

  it.each([undefined, null, 1, true, [], {}, ['x']])('refuses %j, which is no text', value => {
    expect(grammar.safeParse(value).success).toBe(false)
  })

  it('has more refused cases than accepted ones', () => {
    expect(cases(`${name}.invalid`).length).toBeGreaterThanOrEqual(cases(`${name}.valid`).length)
  })
})
