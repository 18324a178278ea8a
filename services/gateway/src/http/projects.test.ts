import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admissionHarness, forkRule, trustedRule } from '../testing/admission-harness.ts'

const projects = '/v1/projects'

describe('projects', () => {
  it('are created with a location and a revision, listed, renamed and deleted', async () => {
    const { operate } = await admissionHarness()
    const created = await operate('POST', projects, { name: 'first' })
    const { id } = created.json()
    expect(created.statusCode).toBe(201)
    expect(created.headers).toMatchObject({ location: `/v1/projects/${id}`, etag: '"1"' })
    expect(created.json()).toEqual({ id, name: 'first', createdAt: expect.any(String), relationships: [], denials: [] })
    const renamed = await operate('PATCH', `${projects}/${id}`, { name: 'second' }, '"1"')
    expect([renamed.statusCode, renamed.json().name, renamed.headers.etag]).toEqual([200, 'second', '"2"'])
    const { relationships: _none, ...summary } = renamed.json()
    expect((await operate('GET', projects)).json()).toEqual({ projects: [{ ...summary, relationshipCount: 0 }] })
    expect((await operate('DELETE', `${projects}/${id}`, undefined, '"2"')).statusCode).toBe(204)
    expect((await operate('GET', `${projects}/${id}`)).json()).toMatchObject({ code: 'project_not_found' })
    expect((await operate('GET', projects)).json()).toEqual({ projects: [] })
  })

  it('keep their history, the deletion included', async () => {
    const { operate, createProject } = await admissionHarness()
    const { id, etag } = await createProject(forkRule)
    await operate('DELETE', `${projects}/${id}`, undefined, etag)
    const { revisions } = (await operate('GET', `${projects}/${id}/history`)).json()
    expect(revisions.map((one: { deleted: boolean }) => one.deleted)).toEqual([false, false, true])
    expect(revisions[1].project.relationships).toHaveLength(1)
    expect(revisions[2]).toEqual({ revision: 3, at: expect.stringMatching(/Z$/), deleted: true })
  })

  it('have relationships that are added, read, replaced and removed under the project’s revision', async () => {
    const { operate, createProject } = await admissionHarness()
    const { id, etag, relationships } = await createProject(forkRule, trustedRule)
    const [first, second] = relationships
    const one = `${projects}/${id}/relationships/${first}`
    const read = await operate('GET', one)
    expect([read.headers.etag, read.json().rule.grant.maxMinutes]).toEqual([etag, 20])
    const replaced = await operate('PUT', one, { ...forkRule, baseRefs: ['main'] }, etag)
    expect(replaced.json()).toMatchObject({ id: first, createdAt: read.json().createdAt, rule: { baseRefs: ['main'] } })
    const removed = await operate('DELETE', one, undefined, String(replaced.headers.etag))
    expect(removed.statusCode).toBe(204)
    const left = await operate('GET', `${projects}/${id}/relationships`)
    expect(left.json().relationships.map((relationship: { id: string }) => relationship.id)).toEqual([second])
    expect(left.headers.etag).toBe(removed.headers.etag)
    expect((await operate('GET', one)).json()).toMatchObject({ code: 'relationship_not_found' })
  })

  it('are read and changed by nobody but the operator', async () => {
    const { app, createProject, operate } = await admissionHarness()
    const { id, etag } = await createProject(forkRule)
    const paths = [projects, `${projects}/${id}`, `${projects}/${id}/history`, `${projects}/${id}/relationships`]
    const wrong = [undefined, 'Bearer x', `Bearer ${'operator'.repeat(4)}`, 'Basic b3BlcmF0b3I6', 'Bearer ', 'é']
    for (const url of paths) {
      for (const authorization of wrong) {
        for (const method of ['GET', 'POST', 'DELETE'] as const) {
          const headers = { 'if-match': etag, ...(authorization !== undefined && { authorization }) }
          const response = await app.inject({ method, url, headers })
          if (response.statusCode === 405) continue
          expect([response.statusCode, response.json().code]).toEqual([401, 'operator_token_invalid'])
          expect(response.headers['www-authenticate']).toBe('Bearer')
        }
      }
    }
    expect((await operate('GET', `${projects}/${id}`)).headers.etag).toBe(etag)
  })

  it('are nobody’s to manage where no operator’s token is set', async () => {
    const { operate } = await admissionHarness({ operatorToken: undefined })
    for (const method of ['GET', 'POST'] as const) {
      expect((await operate(method, projects, method === 'POST' ? { name: 'x' } : undefined)).statusCode).toBe(401)
    }
  })

  it.each([
    ['no If-Match', undefined, 428],
    ['*', '*', 428],
    ['a weak tag', 'W/"2"', 428],
    ['no tag', '2', 428],
    ['a list', '"2", "1"', 428],
    ['an older revision', '"1"', 412],
    ['a revision to come', '"999999999999999"', 412],
  ])('are not changed by a request with %s', async (_name, ifMatch, status) => {
    const { operate, createProject } = await admissionHarness()
    const { id, relationships } = await createProject(forkRule)
    const one = `${projects}/${id}/relationships/${relationships[0]}`
    const answers = [
      await operate('PATCH', `${projects}/${id}`, { name: 'other' }, ifMatch),
      await operate('DELETE', `${projects}/${id}`, undefined, ifMatch),
      await operate('POST', `${projects}/${id}/relationships`, forkRule, ifMatch),
      await operate('PUT', one, trustedRule, ifMatch),
      await operate('DELETE', one, undefined, ifMatch),
    ]
    for (const answer of answers) expect(answer.statusCode).toBe(status)
    expect((await operate('GET', `${projects}/${id}`)).headers.etag).toBe('"2"')
  })

  it('lose nobody’s change when many race: each is in, or was told that it is not', async () => {
    const { operate, createProject } = await admissionHarness()
    const { id, etag } = await createProject()
    const add = (repositoryId: string, revision: string) =>
      operate('POST', `${projects}/${id}/relationships`, { ...forkRule, repositoryId }, revision)
    const answers = await Promise.all(Array.from({ length: 20 }, (_none, index) => add(String(index + 1), etag)))
    const added = answers.filter(answer => answer.statusCode === 201)
    expect(added).toHaveLength(1)
    expect(answers.filter(answer => answer.statusCode === 412)).toHaveLength(19)
    const { relationships } = (await operate('GET', `${projects}/${id}`)).json()
    expect(relationships).toEqual(added.map(answer => answer.json()))
  })

  it('lose no change to one that comes between the reading and the writing', async () => {
    const { operate, createProject, fakes } = await admissionHarness()
    const { id, etag } = await createProject()
    const bucket = fakes.bucket('projects')
    const document = (await bucket.get(id))?.value ?? ''
    bucket.beforeWrite = () => {
      bucket.beforeWrite = () => undefined
      bucket.put(id, document.replace('a project', 'faster'))
    }
    expect((await operate('PATCH', `${projects}/${id}`, { name: 'slower' }, etag)).statusCode).toBe(412)
    expect((await operate('GET', `${projects}/${id}`)).json().name).toBe('faster')
  })

  it('take 100 relationships and no more, and no more than fit a message of the bus', async () => {
    const { operate, createProject } = await admissionHarness()
    const full = await createProject(...Array<object>(100).fill(forkRule))
    const one = await operate('POST', `${projects}/${full.id}/relationships`, forkRule, full.etag)
    expect([one.statusCode, one.json().code]).toEqual([409, 'project_full'])
    const long = Array.from({ length: 50 }, (_none, index) => String(index).padEnd(256, 'x'))
    const fat = { ...forkRule, baseRefs: long, workflowPaths: long }
    let { id, etag } = await createProject()
    const statuses: number[] = []
    for (let count = 0; count < 12; count++) {
      const answer = await operate('POST', `${projects}/${id}/relationships`, fat, etag)
      statuses.push(answer.statusCode)
      etag = String(answer.headers.etag ?? etag)
    }
    expect(new Set(statuses)).toEqual(new Set([201, 409]))
  })

  it('number 1,000 at most', async () => {
    const { operate, fakes } = await admissionHarness()
    const bucket = fakes.bucket('projects')
    const letters = 'abcdefghijklmnopqrstuvwxyz234567'
    for (let count = 0; count < 1_000; count++) {
      const id = `prj_${letters[count >> 5]}${letters[count & 31]}${'a'.repeat(14)}`
      bucket.put(id, JSON.stringify({ id, name: 'x', createdAt: '2026-01-01T00:00:00.000Z', relationships: [] }))
    }
    expect((await operate('GET', projects)).json().projects).toHaveLength(1_000)
    expect((await operate('POST', projects, { name: 'one more' })).json()).toMatchObject({ code: 'too_many_projects' })
  })

  it('cannot be reached while the bus is away, and can again once it is back', async () => {
    const { operate, createProject, fakes } = await admissionHarness()
    const { id, etag } = await createProject()
    fakes.busDown = true
    const answers = [
      await operate('GET', projects),
      await operate('GET', `${projects}/${id}`),
      await operate('GET', `${projects}/${id}/history`),
      await operate('POST', projects, { name: 'x' }),
      await operate('PATCH', `${projects}/${id}`, { name: 'x' }, etag),
    ]
    for (const answer of answers) {
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'temporarily_unavailable'])
      expect(answer.headers['retry-after']).toBe('2')
    }
    fakes.busDown = false
    expect((await operate('GET', `${projects}/${id}`)).statusCode).toBe(200)
  })
})

const rule = (change: object) => JSON.stringify({ ...forkRule, ...change })
const badRules: [string, string][] = [
  ['nothing', ''],
  ['no JSON', '{'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a member twice', '{"eventClass":"fork_pull_request","repositoryId":"1","repositoryId":"2"}'],
  ['a prototype', '{"__proto__":{"eventClass":"trusted"},"repositoryId":"1"}'],
  ['no class', '{"repositoryId":"1"}'],
  ['another class', rule({ eventClass: 'any' })],
  ['a number for an id', rule({ repositoryId: 456_789 })],
  ['a name for an id', rule({ repositoryId: 'octo-org/octo-repo' })],
  ['a pattern for an id', rule({ repositoryId: '*' })],
  ['an id with a zero in front', rule({ repositoryId: '0456789' })],
  ['an empty list', rule({ baseRefs: [] })],
  ['an empty text', rule({ baseRefs: [''] })],
  ['51 texts', rule({ baseRefs: Array(51).fill('x') })],
  ['a long text', rule({ baseRefs: ['x'.repeat(257)] })],
  ['an unknown member', rule({ allow: 'all' })],
  ['the other class’s member', rule({ events: ['push'] })],
  ['a project cache for forks', rule({ grant: { cache: 'project' } })],
  ['a grant of too long', rule({ grant: { maxMinutes: 121 } })],
  ['a grant of nothing', rule({ grant: { concurrency: 0 } })],
  ['a platform that does not exist', rule({ grant: { platforms: ['windows/amd64'] } })],
  ['an unknown mode', rule({ mode: 'off' })],
]

describe('bad input to projects', () => {
  it.each(badRules)('a relationship of %s is refused and changes nothing', async (_name, body) => {
    const { operate, createProject } = await admissionHarness()
    const { id, etag, relationships } = await createProject(forkRule)
    const answers = [
      await operate('POST', `${projects}/${id}/relationships`, body, etag),
      await operate('PUT', `${projects}/${id}/relationships/${relationships[0]}`, body, etag),
    ]
    for (const answer of answers) expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request'])
    expect((await operate('GET', `${projects}/${id}`)).headers.etag).toBe(etag)
  })

  it.each(['', ' ', ' x', '-x', 'x'.repeat(65), 'a\nb', '<b>', 'é', 'a/b'])('the name %j is refused', async name => {
    const { operate } = await admissionHarness()
    expect((await operate('POST', projects, { name })).statusCode).toBe(400)
  })

  it.each([
    'x',
    'prj_',
    `prj_${'A'.repeat(16)}`,
    `prj_${'1'.repeat(16)}`,
    '..',
    '%2e%2e',
    '>',
    '*',
    'prj_aaaaaaaaaaaaaaa.',
  ])('the id %s is no project, and is not looked up', async id => {
    const { operate, fakes } = await admissionHarness()
    const answer = await operate('GET', `${projects}/${id}`)
    expect(answer.statusCode).toBe(404)
    expect(fakes.bucket('projects').reads).toBe(0)
  })

  it('bodies beyond their bound are refused', async () => {
    const { operate, createProject } = await admissionHarness()
    const { id, etag } = await createProject()
    const fat = JSON.stringify({ ...forkRule, more: 'x'.repeat(70_000) })
    expect((await operate('POST', `${projects}/${id}/relationships`, fat, etag)).statusCode).toBe(413)
    expect((await operate('POST', projects, { name: 'x'.repeat(9_000) })).statusCode).toBe(413)
  })

  it('nothing that JSON can say as a rule makes a 5xx, and what is taken reads back as it was', async () => {
    const { operate, createProject } = await admissionHarness()
    const { id } = await createProject(forkRule)
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('fork_pull_request', 'trusted', '1', ['main']),
    )
    const names = ['eventClass', 'repositoryId', 'mode', 'baseRefs', 'workflowPaths', 'events', 'refs', 'grant', 'x']
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), value), async change => {
        const etag = String((await operate('GET', `${projects}/${id}`)).headers.etag)
        const answer = await operate('POST', `${projects}/${id}/relationships`, { ...forkRule, ...change }, etag)
        expect([201, 400, 409]).toContain(answer.statusCode)
        if (answer.statusCode !== 201) return
        const read = await operate('GET', String(answer.headers.location))
        expect(read.json()).toEqual(answer.json())
      }),
      { seed: 20_261_126, numRuns: 200 },
    )
  })
})
