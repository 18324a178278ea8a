import { describe, expect, it } from 'vitest'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { FakeDeps } from '../claiming/testing/fake-deps.ts'
import { jsonReply } from '../claiming/testing/fake-issuer.ts'
import { exchangeIdToken } from './access-token.ts'
import { type FakeGatewayBehaviour, fakeAccessToken, fakeProject, startFakeGateway } from './testing/fake-gateway.ts'

async function tryExchange(oauth: FakeGatewayBehaviour['oauth'], timeoutMs = 10_000) {
  const gateway = await startFakeGateway(oauth === undefined ? {} : { oauth })
  const deps = new FakeDeps()
  const options = { issuer: gateway.issuer, projectId: fakeProject, idToken: 'the.id.token' }
  try {
    const outcome = await exchangeIdToken(options, deps, AbortSignal.timeout(timeoutMs)).catch(
      (error: unknown) => error,
    )
    return { outcome, deps, requests: gateway.requests }
  } finally {
    await gateway.close()
  }
}

describe('the exchange of an ID token', () => {
  it('asks as RFC 8693 says, for the project, and shows the token nowhere', async () => {
    const { outcome, deps, requests } = await tryExchange(undefined)
    expect(outcome).toBe(fakeAccessToken)
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'the.id.token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: fakeProject,
    })
    expect([...deps.said, ...deps.warned].join()).not.toMatch(/fpa_|the\.id/)
  })

  it('is tried again while the issuer is down', async () => {
    const { outcome, requests } = await tryExchange((_, attempt) =>
      attempt < 3
        ? jsonReply(503, { error: 'temporarily_unavailable' })
        : jsonReply(200, { access_token: fakeAccessToken, token_type: 'Bearer' }),
    )
    expect(outcome).toBe(fakeAccessToken)
    expect(requests).toHaveLength(3)
  })

  it('that is refused says which rules failed and what to do', async () => {
    const { outcome, requests } = await tryExchange(() =>
      jsonReply(400, {
        error: 'invalid_request',
        error_description: 'No trust relationship admits this run',
        error_uri: 'urn:forkproof:error:not_admitted',
        reasons: ['baseRefs', 'workflowPaths'],
      }),
    )
    expect(outcome).toMatchObject({
      kind: 'refused',
      code: 'not_admitted',
      detail: 'No trust relationship admits this run Rules that failed: baseRefs, workflowPaths.',
      advice: expect.stringContaining('trust relationship'),
    })
    expect(requests).toHaveLength(1)
  })

  it.each([
    ['invalid_target', { error: 'invalid_target', error_uri: 'urn:ietf:rfc:8693' }],
    ['exchange_refused', {}],
    ['exchange_refused', []],
    ['exchange_refused', { error: 'BAD\n::x' }],
    ['exchange_refused', { error: 7, reasons: 'x', error_description: [] }],
    ['invalid_request', { error: 'invalid_request', error_uri: 'urn:forkproof:error:__proto__' }],
  ])('that is refused in other words is still a refusal: %s', async (code, body) => {
    expect((await tryExchange(() => jsonReply(400, body))).outcome).toMatchObject({ kind: 'refused', code })
  })

  it('cannot smuggle runner commands into the log', async () => {
    const text = 'no\n::add-path::/evil'
    const { outcome } = await tryExchange(() =>
      jsonReply(400, { error: 'x', error_description: text, reasons: [text] }),
    )
    expect(outcome).toHaveProperty('detail', expect.not.stringMatching(/::|\n/))
  })

  it.each([
    ['nothing', ''],
    ['a token of another kind', JSON.stringify({ access_token: 'abc', token_type: 'Bearer' })],
    ['a token with a line break', JSON.stringify({ access_token: `${fakeAccessToken}\nX=1`, token_type: 'Bearer' })],
    ['another token type', JSON.stringify({ access_token: fakeAccessToken, token_type: 'DPoP' })],
  ])('that answers %s is not trusted', async (_, body) => {
    expect((await tryExchange(() => ({ status: 200, body }))).outcome).toMatchObject({ code: 'access_malformed' })
  })

  it('gives up at its deadline', async () => {
    const { outcome } = await tryExchange(() => jsonReply(502, {}), 200)
    expect(outcome).toBeInstanceOf(ClaimFailure)
    expect(outcome).toMatchObject({ kind: 'unavailable', code: 'timeout' })
  })
})
