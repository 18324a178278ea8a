import { Secret } from '@forkproof/infra/secret'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AdmissionHarness,
  admissionHarness,
  exchangeForm,
  forkRule,
  trustedRule,
} from '../testing/admission-harness.ts'
import { strangersKey } from '../testing/fake-token-issuers.ts'

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

describe('POST /oauth/token', () => {
  it('gives an access token for an ID token that a relationship admits', async () => {
    const { createProject, exchangeFor, own, fakes } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const answer = await exchangeFor(await own(), id)
    expect([answer.statusCode, answer.headers['cache-control'], answer.headers['pragma']]).toEqual([
      200,
      'no-store',
      'no-cache',
    ])
    const { access_token, ...rest } = answer.json()
    expect(access_token).toMatch(/^fpa_[0-9A-Za-z]{46}$/)
    expect(rest).toEqual({
      issued_token_type: accessTokenType,
      token_type: 'Bearer',
      expires_in: 3_600,
      scope: 'build',
    })
    expect(JSON.stringify([...fakes.bucket('access-tokens').writes])).not.toContain(access_token)
  })

  it('admits GitHub’s own tokens to relationships of class trusted, with their cache', async () => {
    const { createProject, exchangeFor, github, gateway } = await admissionHarness()
    const { id } = await createProject({ ...trustedRule, refs: ['refs/heads/main'], grant: { cache: 'project' } })
    const { access_token } = (await exchangeFor(await github(), id)).json()
    expect(await gateway.admission.authenticate(new Secret(access_token))).toMatchObject({
      projectId: id,
      run: { eventClass: 'trusted', repositoryId: '456789', runId: '78' },
      grant: { cache: 'project' },
    })
  })

  it('takes the parameters of RFC 8693 that ask for what there is, and ignores unknown ones', async () => {
    const { createProject, exchangeFor, own } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const more = { requested_token_type: accessTokenType, scope: 'build', client_id: 'me', x: 'y', resource: '' }
    expect((await exchangeFor(await own(), id, more)).statusCode).toBe(200)
    const jwt = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' }
    expect((await exchangeFor(await own(), id, jwt)).statusCode).toBe(200)
  })

  it('takes an ID token once, however many ask at the same moment', async () => {
    const { createProject, exchangeFor, own } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const token = await own()
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchangeFor(token, id)))
    expect(answers.filter(answer => answer.statusCode === 200)).toHaveLength(1)
    const refused = answers.find(answer => answer.statusCode !== 200)
    expect([refused?.statusCode, refused?.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_request', error_uri: 'urn:forkproof:error:id_token_used' }),
    ])
  })

  it('takes two tokens of one run, and equal jti of two issuers', async () => {
    const { createProject, exchangeFor, own, github } = await admissionHarness()
    const { id } = await createProject(forkRule, trustedRule)
    const registered = { jti: '2b5e7d3a-5f0e-4f64-a1c8-9a3f6f4f0f10' }
    expect((await exchangeFor(await own({}, { registered }), id)).statusCode).toBe(200)
    expect((await exchangeFor(await github({}, { registered }), id)).statusCode).toBe(200)
    expect((await exchangeFor(await own(), id)).statusCode).toBe(200)
  })

  it('does not use up what policy refuses: the same token is admitted once the rule is mended', async () => {
    const { createProject, exchangeFor, own, operate } = await admissionHarness()
    const { id, etag, relationships } = await createProject({ ...forkRule, baseRefs: ['next'] })
    const token = await own()
    const refused = await exchangeFor(token, id)
    expect(refused.statusCode).toBe(400)
    expect(refused.json()).toMatchObject({
      error: 'invalid_request',
      error_uri: 'urn:forkproof:error:not_admitted',
      reasons: ['base_ref'],
    })
    expect(refused.body).not.toContain('next')
    await operate('PUT', `/v1/projects/${id}/relationships/${relationships[0]}`, forkRule, etag)
    expect((await exchangeFor(token, id)).statusCode).toBe(200)
  })

  it('tells somebody else’s project from none by nothing', async () => {
    const { createProject, exchangeFor, own } = await admissionHarness()
    const theirs = await createProject({ ...forkRule, repositoryId: '1' })
    const empty = await createProject()
    const answers = []
    for (const id of [theirs.id, empty.id, `prj_${'a'.repeat(16)}`]) answers.push(await exchangeFor(await own(), id))
    for (const answer of answers) {
      const { trace_id: _own, ...body } = answer.json()
      expect([answer.statusCode, body]).toEqual([
        400,
        {
          error: 'invalid_target',
          error_description: 'There is no such project',
          error_uri: 'urn:forkproof:error:project_not_found',
        },
      ])
    }
  })

  it('writes each decision to the log, with the token’s digest and nothing that can be presented', async () => {
    const { createProject, exchangeFor, own, lines } = await admissionHarness()
    const { id, relationships } = await createProject({ ...forkRule, mode: 'audit' }, { ...forkRule, baseRefs: ['x'] })
    const token = await own()
    await exchangeFor(token, id)
    const other = await createProject(forkRule)
    const { access_token } = (await exchangeFor(token, other.id)).json()
    const decided = lines.map(line => JSON.parse(line)).filter(line => line.msg === 'admission decided')
    expect(decided).toMatchObject([
      { state: 'would_admit', relationshipId: relationships[0], projectId: id },
      { state: 'refused', reason: expect.stringContaining('mode'), projectId: id },
      {
        state: 'admitted',
        relationshipId: other.relationships[0],
        repository: 'octo-org/octo-repo',
        runId: '77',
        tokenSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ])
    for (const line of lines) {
      expect(line).not.toContain(token.slice(-40))
      expect(line).not.toContain(access_token)
    }
  })

  it('counts addresses before the body is read, and runs once their token is verified', async () => {
    const { createProject, exchangeFor, own, form, clock } = await admissionHarness({
      claimsPerAddress: 4,
      claimsPerRun: 2,
    })
    const { id } = await createProject(forkRule)
    for (let count = 0; count < 2; count++) expect((await exchangeFor(await own(), id)).statusCode).toBe(200)
    const ofRun = await exchangeFor(await own(), id)
    expect([ofRun.statusCode, ofRun.json().error, ofRun.headers['retry-after']]).toEqual([429, 'slow_down', '30'])
    await form('/oauth/token', '')
    expect((await form('/oauth/token', 'x'.repeat(30_000))).statusCode).toBe(429)
    clock.advance(60_000)
    expect((await exchangeFor(await own(), id)).statusCode).toBe(200)
  })

  it('says when to come again while the bus or an issuer’s keys are away, and uses nothing up', async () => {
    const { createProject, exchangeFor, own, github, fakes } = await admissionHarness()
    const { id } = await createProject(forkRule, trustedRule)
    const token = await own()
    fakes.busDown = true
    const down = await exchangeFor(token, id)
    expect([down.statusCode, down.json().error, down.headers['retry-after']]).toEqual([
      503,
      'temporarily_unavailable',
      '2',
    ])
    fakes.busDown = false
    expect((await exchangeFor(token, id)).statusCode).toBe(200)
    const documents = new Map(fakes.documents)
    fakes.documents.clear()
    const trusted = await github()
    const silent = await exchangeFor(trusted, id)
    expect([silent.statusCode, silent.json().error_uri]).toEqual([503, 'urn:forkproof:error:issuer_unavailable'])
    for (const [url, body] of documents) fakes.documents.set(url, body)
    expect((await exchangeFor(trusted, id)).statusCode).toBe(200)
  })
})

type Change = (harness: AdmissionHarness, id: string) => Promise<[string, string?]>
const fields = async (harness: AdmissionHarness, id: string, change: Record<string, string | undefined> = {}) => {
  const all = { ...exchangeForm, audience: id, subject_token: await harness.own(), ...change }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new URLSearchParams(given).toString()
}
const without =
  (name: string): Change =>
  async (harness, id) => [await fields(harness, id, { [name]: undefined })]
const changed =
  (change: Record<string, string>): Change =>
  async (harness, id) => [await fields(harness, id, change)]
const appended =
  (text: string): Change =>
  async (harness, id) => [(await fields(harness, id)) + text]

const badForms: [string, string, Change][] = [
  ['nothing', 'invalid_request', async () => ['']],
  ['no grant', 'invalid_request', without('grant_type')],
  ['another grant', 'unsupported_grant_type', changed({ grant_type: 'client_credentials' })],
  ['only another grant', 'unsupported_grant_type', async () => ['grant_type=password']],
  ['no subject token', 'invalid_request', without('subject_token')],
  ['an empty subject token', 'invalid_request', changed({ subject_token: '' })],
  ['no subject token type', 'invalid_request', without('subject_token_type')],
  ['a SAML token', 'invalid_request', changed({ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' })],
  ['no audience', 'invalid_request', without('audience')],
  ['a URL for the audience', 'invalid_target', changed({ audience: 'https://oidc.example.dev' })],
  ['a wildcard for the audience', 'invalid_target', changed({ audience: 'prj_>' })],
  ['a resource', 'invalid_target', changed({ resource: 'https://x.example' })],
  ['more scope than there is', 'invalid_scope', changed({ scope: 'build admin' })],
  ['another token type wanted', 'invalid_request', changed({ requested_token_type: 'urn:x' })],
  ['an actor', 'invalid_request', changed({ actor_token: 'x', actor_token_type: 'urn:x' })],
  ['a parameter twice', 'invalid_request', appended('&audience=prj_aaaaaaaaaaaaaaaa')],
  ['a parameter twice in other spelling', 'invalid_request', appended('&%61udience=prj_aaaaaaaaaaaaaaaa')],
  ['a parameter twice, empty', 'invalid_request', appended('&audience=')],
  ['a broken percent sign', 'invalid_request', appended('&x=%')],
  ['bytes that are no UTF-8', 'invalid_request', appended('&x=%ff')],
  ['what no form leaves unencoded', 'invalid_request', appended('&x=é')],
  ['31 parameters', 'invalid_request', appended(Array.from({ length: 31 }, (_none, at) => `&x${at}=`).join(''))],
  ['JSON', 'invalid_request', async () => ['{}', 'application/json']],
  ['JSON that says it is a form', 'invalid_request', async () => ['{"grant_type":"x"}']],
  ['text', 'invalid_request', async (harness, id) => [await fields(harness, id), 'text/plain']],
  ['multipart', 'invalid_request', async () => ['--x--', 'multipart/form-data; boundary=x']],
  ['no type', 'invalid_request', async () => ['x=y', '']],
  ['too much', 'invalid_request', appended(`&x=${'x'.repeat(30_000)}`)],
]

describe('bad forms at POST /oauth/token', () => {
  it.each(badForms)('%s is %s, and nothing is used up', async (_name, error, change) => {
    const harness = await admissionHarness()
    const { id } = await harness.createProject(forkRule)
    const [body, type = 'application/x-www-form-urlencoded'] = await change(harness, id)
    const answer = await harness.form('/oauth/token', body, { 'content-type': type })
    expect([400, 413, 415]).toContain(answer.statusCode)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
    const problem = answer.json()
    expect(problem.error).toBe(error)
    expect(problem.error_description).toMatch(/^[ !#-[\]-~]+$/)
    expect(harness.fakes.bucket('used-tokens').writes).toEqual([])
    expect(harness.fakes.bucket('access-tokens').writes).toEqual([])
  })

  it('never answers 5xx to any text', async () => {
    const harness = await admissionHarness({ claimsPerAddress: 1_000_000 })
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('grant_type=', '&', '=', '%', '+', 'audience=prj_', 'subject_token=', 'a.b.c', '%00'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async pieces => {
        const answer = await harness.form('/oauth/token', pieces.join(''))
        expect(answer.statusCode).toBeLessThan(500)
        expect(answer.json().error).toMatch(/^[a-z_]+$/)
      }),
      { seed: 20_261_127, numRuns: 300 },
    )
  })

  it('refuses tokens that do not verify, whatever project they name', async () => {
    const harness = await admissionHarness()
    const { id } = await harness.createProject(forkRule)
    const good = await harness.own()
    const [head = '', body = '', signature = ''] = good.split('.')
    const tokens = [
      'x',
      'a.b.c',
      `${head}.${body}.`,
      `${head}.${body}`,
      `${good}.${signature}`,
      ` ${good}`,
      `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      await harness.own({}, { key: strangersKey }),
      '..',
      'x'.repeat(16_000),
    ]
    for (const token of tokens) {
      const answer = await harness.exchangeFor(token, id)
      expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_request'])
    }
    expect((await harness.exchangeFor(good, id)).statusCode).toBe(200)
  })
})
