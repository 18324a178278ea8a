import { AccessToken } from '@forkproof/contracts/ids'
import type { RunInspection } from '@forkproof/contracts/inspection'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, it } from 'vitest'
import { type AdmissionWorld, admissionWorld, forkRule, trustedRule } from '../testing/admission-world.ts'

const running: RunInspection = {
  outcome: 'running',
  event: 'pull_request',
  headRef: 'fix',
  workflowPath: '.github/workflows/build.yml',
  repositoryId: '456789',
  attempt: '1',
}

async function withAccess() {
  const world = await admissionWorld()
  world.standIns.inspection = running
  const project = await world.createProject(forkRule)
  const token: string = (await world.exchangeFor(await world.own(), project.id)).json().access_token
  const introspect = (presented: string, headers: Record<string, string> = world.asOperator) =>
    world.form('/oauth/introspect', { token: presented }, headers)
  const authenticate = (presented: string) => world.admission.admission.authenticate(new Secret(presented))
  return { ...world, project, token, introspect, authenticate }
}
type World = Awaited<ReturnType<typeof withAccess>>

describe('POST /oauth/introspect', () => {
  it('describes a token whose run is in progress', async () => {
    const { introspect, token, project, standIns, clock } = await withAccess()
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
    expect(standIns.inspected).toEqual([
      {
        eventClass: 'fork_pull_request',
        repository: 'octo-org/octo-repo',
        repositoryId: '456789',
        runId: '77',
        attempt: '1',
      },
    ])
  })

  it.each<[string, (world: World) => unknown]>([
    ['the run is over', world => Object.assign(world.standIns, { inspection: refused('run_not_in_progress') })],
    ['another attempt runs', world => Object.assign(world.standIns, { inspection: refused('attempt_not_latest') })],
    ['GitHub cannot be read', world => Object.assign(world.standIns, { inspection: refused('github_unavailable') })],
    ['the run cannot be looked at', world => Object.assign(world.standIns, { inspection: 'unavailable' })],
    ['its time is over', world => world.clock.advance(3_600_000)],
    ['it was revoked', world => world.form('/oauth/revoke', { token: world.token })],
    ['the relationship is gone', world => change(world, 'DELETE')],
    ['the relationship is only on trial now', world => change(world, 'PUT', { ...forkRule, mode: 'audit' })],
    ['the relationship is for another repository', world => change(world, 'PUT', { ...forkRule, repositoryId: '1' })],
    ['the relationship is for another class', world => change(world, 'PUT', trustedRule)],
    [
      'the project is gone',
      ({ operate, project }) => operate('DELETE', `/v1/projects/${project.id}`, undefined, project.etag),
    ],
  ])('says only that it is not active when %s', async (_name, spoil) => {
    const world = await withAccess()
    await spoil(world)
    const answer = await world.introspect(world.token)
    expect([answer.statusCode, answer.body]).toEqual([200, '{"active":false}'])
  })

  it('says the same of what was never a token, without a look-up or a question to GitHub', async () => {
    const { introspect, token, standIns } = await withAccess()
    const { reads } = standIns.bucket('access-tokens')
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
    expect([standIns.bucket('access-tokens').reads, standIns.inspected]).toEqual([reads, []])
  })

  it('answers nobody but the operator, not even the token’s holder', async () => {
    const { introspect, token, standIns } = await withAccess()
    for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: 'Basic eDp5' }]) {
      const answer = await introspect(token, headers as Record<string, string>)
      expect([answer.statusCode, answer.json().error]).toEqual([401, 'invalid_token'])
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    }
    expect(standIns.inspected).toEqual([])
  })

  it('says when to come again while the bus is away', async () => {
    const { introspect, token, standIns } = await withAccess()
    standIns.busDown = true
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
    const { form, token, authenticate, standIns } = await withAccess()
    standIns.busDown = true
    expect((await form('/oauth/revoke', { token })).statusCode).toBe(503)
    standIns.busDown = false
    expect(await authenticate(token)).toBeDefined()
  })

  it.each(['', 'token=', 'token_type_hint=access_token'])('refuses the form %j', async body => {
    const { form } = await withAccess()
    expect((await form('/oauth/revoke', body)).json()).toMatchObject({ error: 'invalid_request' })
  })
})

describe('an access token', () => {
  it('carries the grant that its relationship gives now', async () => {
    const world = await withAccess()
    expect((await world.authenticate(world.token))?.grant.egress).toBe('none')
    await change(world, 'PUT', { ...forkRule, grant: { egress: 'internet', concurrency: 1 } })
    expect((await world.authenticate(world.token))?.grant).toMatchObject({ egress: 'internet', concurrency: 1 })
  })

  it('is good for nothing when its record does not read as one', async () => {
    const { token, authenticate, standIns, form } = await withAccess()
    const bucket = standIns.bucket('access-tokens')
    const [key = ''] = await bucket.keys()
    for (const text of ['', '{}', 'null', '[]', '{"projectId":"x"}']) {
      bucket.put(key, text)
      expect(await authenticate(token)).toBeUndefined()
    }
    expect((await form('/oauth/revoke', { token })).statusCode).toBe(200)
  })

  it('lives as long as is set', async () => {
    const world = await admissionWorld({ accessTokenLifetimeSeconds: 60 })
    const { id } = await world.createProject(forkRule)
    const { access_token, expires_in } = (await world.exchangeFor(await world.own(), id)).json()
    const authenticate = () => world.admission.admission.authenticate(new Secret(access_token))
    expect([AccessToken.safeParse(access_token).success, expires_in]).toEqual([true, 60])
    world.clock.advance(59_999)
    expect(await authenticate()).toBeDefined()
    world.clock.advance(1)
    expect(await authenticate()).toBeUndefined()
  })
})

const refused = (reason: Extract<RunInspection, { outcome: 'refused' }>['reason']): RunInspection => ({
  outcome: 'refused',
  reason,
})

async function change(world: AdmissionWorld & { project: World['project'] }, method: 'PUT' | 'DELETE', rule?: object) {
  const { id, etag, relationships } = world.project
  const answer = await world.operate(method, `/v1/projects/${id}/relationships/${relationships[0]}`, rule, etag)
  if (answer.statusCode >= 300) throw new Error(answer.body)
}
