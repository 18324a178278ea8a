import { AccessToken } from '@forkproof/contracts/ids'
import type { RunInspection } from '@forkproof/contracts/inspection'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, it } from 'vitest'
import { type AdmissionHarness, admissionHarness, forkRule, trustedRule } from '../testing/admission-harness.ts'

const running: RunInspection = {
  outcome: 'running',
  event: 'pull_request',
  headRef: 'fix',
  workflowPath: '.github/workflows/build.yml',
  repositoryId: '456789',
  attempt: '1',
}

async function withAccess() {
  const harness = await admissionHarness()
  harness.fakes.inspection = running
  const project = await harness.createProject(forkRule)
  const token: string = (await harness.exchangeFor(await harness.own(), project.id)).json().access_token
  const introspect = (presented: string, headers: Record<string, string> = harness.asOperator) =>
    harness.form('/oauth/introspect', { token: presented }, headers)
  const authenticate = (presented: string) => harness.gateway.admission.authenticate(new Secret(presented))
  return { ...harness, project, token, introspect, authenticate }
}
type World = Awaited<ReturnType<typeof withAccess>>

describe('POST /oauth/introspect', () => {
  it('describes a token whose run is in progress', async () => {
    const { introspect, token, project, fakes, clock } = await withAccess()
    const answer = await introspect(token)
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    const iat = Math.floor(clock.now() / 1_000)
    expect(answer.json()).toEqual({
      active: true,
      scope: 'build',
      token_type: 'Bearer',
      iss: 'https://oidc.example.dev',
      aud: project.id,
      iat,
      exp: iat + 3_600,
      relationship_id: project.relationships[0],
      event_class: 'fork_pull_request',
      repository: 'octo-org/octo-repo',
      repository_id: '456789',
      run_id: '77',
      run_attempt: '1',
    })
    expect(fakes.inspected).toEqual([
      {
        eventClass: 'fork_pull_request',
        repository: 'octo-org/octo-repo',
        repositoryId: '456789',
        runId: '77',
        attempt: '1',
        origin: { headRepositoryId: '998877', pullRequestNumber: '12', accountIds: ['5544'] },
      },
    ])
  })

  it.each<[string, (harness: World) => unknown]>([
    ['the run is over', harness => Object.assign(harness.fakes, { inspection: refused('run_not_in_progress') })],
    ['another attempt runs', harness => Object.assign(harness.fakes, { inspection: refused('attempt_not_latest') })],
    ['GitHub cannot be read', harness => Object.assign(harness.fakes, { inspection: refused('github_unavailable') })],
    ['the run cannot be looked at', harness => Object.assign(harness.fakes, { inspection: 'unavailable' })],
    ['its time is over', harness => harness.clock.advance(3_600_000)],
    ['it was revoked', harness => harness.form('/oauth/revoke', { token: harness.token })],
    ['the relationship is gone', harness => change(harness, 'DELETE')],
    ['the relationship is only on trial now', harness => change(harness, 'PUT', { ...forkRule, mode: 'audit' })],
    [
      'the relationship is for another repository',
      harness => change(harness, 'PUT', { ...forkRule, repositoryId: '1' }),
    ],
    ['the relationship is for another class', harness => change(harness, 'PUT', trustedRule)],
    [
      'the project is gone',
      ({ operate, project }) => operate('DELETE', `/v1/projects/${project.id}`, undefined, project.etag),
    ],
  ])('says only that it is not active when %s', async (_name, spoil) => {
    const harness = await withAccess()
    await spoil(harness)
    const answer = await harness.introspect(harness.token)
    expect([answer.statusCode, answer.body]).toEqual([200, '{"active":false}'])
  })

  it('says the same of what was never a token, without a look-up or a question to GitHub', async () => {
    const { introspect, token, fakes } = await withAccess()
    const { reads } = fakes.bucket('access-tokens')
    for (const text of [
      'x',
      `${token}x`,
      token.slice(0, -1),
      `fpa_${'A'.repeat(46)}`,
      'a.b.c',
      'é',
      'x'.repeat(4_000),
    ]) {
      expect((await introspect(text)).body).toBe('{"active":false}')
    }
    expect([fakes.bucket('access-tokens').reads, fakes.inspected]).toEqual([reads, []])
  })

  it('answers nobody but the operator, not even the token’s holder', async () => {
    const { introspect, token, fakes } = await withAccess()
    for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: 'Basic eDp5' }]) {
      const answer = await introspect(token, headers as Record<string, string>)
      expect([answer.statusCode, answer.json().error]).toEqual([401, 'invalid_token'])
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    }
    expect(fakes.inspected).toEqual([])
  })

  it('says when to come again while the bus is away', async () => {
    const { introspect, token, fakes } = await withAccess()
    fakes.busDown = true
    const answer = await introspect(token)
    expect([answer.statusCode, answer.json().error]).toEqual([503, 'temporarily_unavailable'])
  })

  it.each(['', 'token=', 'x=y', 'token=a&token=b', `token=${'x'.repeat(5_000)}`])('refuses the form %j', async body => {
    const { form, asOperator } = await withAccess()
    const answer = await form('/oauth/introspect', body, asOperator)
    expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_request'])
  })
})

describe('POST /oauth/revoke', () => {
  it('ends a token for who holds it, at once and for good', async () => {
    const { form, token, authenticate, lines } = await withAccess()
    expect(await authenticate(token)).toBeDefined()
    const answer = await form('/oauth/revoke', { token, token_type_hint: 'refresh_token' })
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
    expect(await authenticate(token)).toBeUndefined()
    expect((await form('/oauth/revoke', { token })).statusCode).toBe(200)
    expect(lines.join('')).not.toContain(token)
  })

  it('says the same of tokens that are unknown, and touches no other', async () => {
    const { form, token, authenticate, own } = await withAccess()
    for (const text of ['x', `fpa_${'A'.repeat(46)}`, await own(), `${token}x`]) {
      const answer = await form('/oauth/revoke', { token: text })
      expect([answer.statusCode, answer.body]).toEqual([200, ''])
    }
    expect(await authenticate(token)).toBeDefined()
  })

  it('does not claim to have revoked while the bus is away', async () => {
    const { form, token, authenticate, fakes } = await withAccess()
    fakes.busDown = true
    expect((await form('/oauth/revoke', { token })).statusCode).toBe(503)
    fakes.busDown = false
    expect(await authenticate(token)).toBeDefined()
  })

  it.each(['', 'token=', 'token_type_hint=access_token'])('refuses the form %j', async body => {
    const { form } = await withAccess()
    expect((await form('/oauth/revoke', body)).json()).toMatchObject({ error: 'invalid_request' })
  })
})

describe('an access token', () => {
  it('carries the grant that its relationship gives now', async () => {
    const harness = await withAccess()
    expect((await harness.authenticate(harness.token))?.grant.egress).toBe('none')
    await change(harness, 'PUT', { ...forkRule, grant: { egress: 'internet', concurrency: 1 } })
    expect((await harness.authenticate(harness.token))?.grant).toMatchObject({ egress: 'internet', concurrency: 1 })
  })

  it('is good for nothing when its record does not read as one', async () => {
    const { token, authenticate, fakes, form } = await withAccess()
    const bucket = fakes.bucket('access-tokens')
    const [key = ''] = await bucket.keys()
    for (const text of ['', '{}', 'null', '[]', '{"projectId":"x"}']) {
      bucket.put(key, text)
      expect(await authenticate(token)).toBeUndefined()
    }
    expect((await form('/oauth/revoke', { token })).statusCode).toBe(200)
  })

  it('lives as long as is set', async () => {
    const harness = await admissionHarness({ accessTokenLifetimeSeconds: 60 })
    const { id } = await harness.createProject(forkRule)
    const { access_token, expires_in } = (await harness.exchangeFor(await harness.own(), id)).json()
    const authenticate = () => harness.gateway.admission.authenticate(new Secret(access_token))
    expect([AccessToken.safeParse(access_token).success, expires_in]).toEqual([true, 60])
    harness.clock.advance(59_999)
    expect(await authenticate()).toBeDefined()
    harness.clock.advance(1)
    expect(await authenticate()).toBeUndefined()
  })
})

const refused = (reason: Extract<RunInspection, { outcome: 'refused' }>['reason']): RunInspection => ({
  outcome: 'refused',
  reason,
})

async function change(
  harness: AdmissionHarness & { project: World['project'] },
  method: 'PUT' | 'DELETE',
  rule?: object,
) {
  const { id, etag, relationships } = harness.project
  const answer = await harness.operate(method, `/v1/projects/${id}/relationships/${relationships[0]}`, rule, etag)
  if (answer.statusCode >= 300) throw new Error(answer.body)
}
