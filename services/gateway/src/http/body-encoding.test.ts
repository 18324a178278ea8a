import { describe, expect, it } from 'vitest'
import { admissionHarness } from '../testing/admission-harness.ts'
import { goodClaim, operatorToken } from '../testing/gateway-harness.ts'

const operator = { authorization: `Bearer ${operatorToken}` }
const json = JSON.stringify
/** One byte that UTF-8 never has stands where the text has a tilde. */
const broken = (text: string): Buffer => Buffer.from(Buffer.from(text).map(byte => (byte === 0x7e ? 0xff : byte)))

const bodies: readonly (readonly [string, string, string])[] = [
  ['a member’s name of a claim', '/claim', json({ ...goodClaim, 'na~me': 'x' })],
  ['a value of a claim', '/claim', json({ ...goodClaim, repo: 'octo-org/octo~repo' })],
  ['a value that nobody reads', '/claim', json({ ...goodClaim, unknown: '~' })],
  ['a name further in', '/claim', json({ ...goodClaim, unknown: { 'na~me': 1 } })],
  ['the name of a project', '/v1/projects', json({ name: 'a~project' })],
  ['a member’s name of an explanation', '/v1/trust:explain', json({ projectId: 'x', token: 'x', 'na~me': 1 })],
]

describe('a body', () => {
  it.each(bodies)('with broken UTF-8 in %s is refused', async (_what, url, text) => {
    const { app } = await admissionHarness()
    const headers = { 'content-type': 'application/json', ...operator }
    const answer = await app.inject({ method: 'POST', url, headers, payload: broken(text) })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request'])
    expect(answer.json().detail).toBe('the body is not UTF-8')
  })

  it('in UTF-8 is taken, whatever letters it has', async () => {
    const { claim } = await admissionHarness()
    expect((await claim({ ...goodClaim, 検証: 'Prüfung 🧪' })).statusCode).toBe(200)
  })

  it.each([
    ['half a surrogate pair in a name', '{"name":"a\\ud800b"}'],
    ['half a surrogate pair in a member’s name', '{"name":"a","\\udfff":1}'],
  ])('with %s is refused', async (_what, text) => {
    const { operate } = await admissionHarness()
    const answer = await operate('POST', '/v1/projects', text)
    expect([answer.statusCode, answer.json().detail]).toEqual([400, 'a text is not Unicode'])
  })

  it('with a whole pair in escapes is taken', async () => {
    const { claim } = await admissionHarness()
    expect((await claim(json({ ...goodClaim, more: '~' }).replace('~', '\\ud83e\\uddea'))).statusCode).toBe(200)
  })

  it.each(['/oauth/token', '/oauth/revoke'])('of %s with broken UTF-8 is refused as OAuth does', async url => {
    const { app } = await admissionHarness()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await app.inject({ method: 'POST', url, headers, payload: broken('token=x&na~me=y') })
    expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_request'])
    expect(answer.json().error_description).toContain('the body is not UTF-8')
  })
})
