import { describe, expect, it } from 'vitest'
import { admissionHarness } from '../testing/admission-harness.ts'

const form = 'application/x-www-form-urlencoded'
const oauthErrors: readonly (readonly [string, string, string, string, number])[] = [
  ['another type', '/oauth/token', 'application/json', '{}', 415],
  ['no type', '/oauth/token', '', 'a=b', 415],
  ['a type that is none', '/oauth/token', 'form', 'a=b', 415],
  ['too much', '/oauth/token', form, `a=${'x'.repeat(30_000)}`, 413],
  ['no form', '/oauth/token', form, 'a=%', 400],
  ['another grant', '/oauth/token', form, 'grant_type=password', 400],
  ['no operator', '/oauth/introspect', form, 'token=x', 401],
  ['another type to revoke', '/oauth/revoke', 'text/plain', 'token=x', 415],
]
const problems: readonly (readonly [string, 'GET' | 'POST', string, number])[] = [
  ['another method of an OAuth route', 'GET', '/oauth/token', 405],
  ['an unknown OAuth address', 'POST', '/oauth/authorize', 404],
  ['a path that does not decode', 'POST', '/oauth/%', 400],
  ['another type of a claim', 'POST', '/claim', 415],
  ['no operator', 'POST', '/v1/projects', 401],
]

describe.each(['application/problem+json', 'application/json', '*/*', 'text/html'])(
  'an error asked for as %s',
  accept => {
    it.each(oauthErrors)('by an OAuth route is OAuth’s own: %s', async (_what, url, type, payload, status) => {
      const { app } = await admissionHarness()
      const headers = { accept, ...(type !== '' && { 'content-type': type }) }
      const answer = await app.inject({ method: 'POST', url, headers, payload })
      expect(answer.statusCode).toBe(status)
      expect(answer.headers['content-type']).toMatch(/^application\/json(;|$)/)
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      expect(answer.json()).toMatchObject({ error: expect.any(String), error_description: expect.any(String) })
    })

    it.each(problems)('elsewhere is a problem document: %s', async (_what, method, url, status) => {
      const { app } = await admissionHarness()
      const headers = { accept, ...(method === 'POST' && { 'content-type': form }) }
      const answer = await app.inject({ method, url, headers, ...(method === 'POST' && { payload: 'a=b' }) })
      expect(answer.statusCode).toBe(status)
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/)
      expect(answer.json()).toMatchObject({ status, code: expect.any(String) })
    })
  },
)
