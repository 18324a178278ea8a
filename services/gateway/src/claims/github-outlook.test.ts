import { githubKeys } from '@forkproof/contracts/github-report'
import { RepositoryName } from '@forkproof/contracts/ids'
import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, it } from 'vitest'
import { gatewayHarness, goodClaim } from '../testing/gateway-harness.ts'
import { GithubOutlook } from './github-outlook.ts'

const known = RepositoryName.parse('octo-org/octo-repo')
const unknown = RepositoryName.parse('some/other')

function outlook(githubServe: 'all' | 'relationships' = 'all') {
  const clock = new FakeClock()
  const bucket = new FakeBucket()
  const tell = (key: string, value: object) => bucket.put(key, JSON.stringify({ atMs: clock.now(), ...value }))
  const names = (unresolved = 0) =>
    tell(githubKeys.repositories, { repositories: [{ id: '1', name: 'Octo-Org/octo-repo' }], unresolved })
  const admitting = new GithubOutlook({ githubServe }, { bucket, clock })
  const answer = (repository: RepositoryName) =>
    admitting.admit(repository).then(
      () => 'admitted',
      (error: { code: string; retryAfterSeconds?: number }) =>
        [error.code, error.retryAfterSeconds].filter(part => part !== undefined).join(' '),
    )
  return { clock, bucket, tell, names, answer, admitting }
}

describe('a low budget turns claims of unknown repositories away early', () => {
  it('with the time to wait, and takes those that projects name', async () => {
    const { clock, tell, names, answer } = outlook()
    names()
    tell(githubKeys.budget, { unknownFromMs: clock.now() + 90_500 })
    expect([await answer(unknown), await answer(known)]).toEqual(['github_budget_low 91', 'admitted'])
  })
  it('those that projects name too when nothing is left for them', async () => {
    const { clock, tell, names, answer } = outlook()
    names()
    tell(githubKeys.budget, { unknownFromMs: clock.now() + 9e9, relatedFromMs: clock.now() + 10 })
    expect([await answer(unknown), await answer(known)]).toEqual(['github_budget_low 3600', 'github_budget_low 1'])
  })
  it('and takes them again when the time is over', async () => {
    const { clock, tell, answer } = outlook()
    tell(githubKeys.budget, { unknownFromMs: clock.now() + 1_000 })
    expect(await answer(unknown)).toBe('github_budget_low 1')
    clock.advance(1_000)
    expect(await answer(unknown)).toBe('admitted')
  })
  it.each<[string, (of: ReturnType<typeof outlook>) => void]>([
    ['nobody has said anything', () => undefined],
    [
      'what was said is a minute old',
      ({ tell, clock }) => tell(githubKeys.budget, { atMs: clock.now() - 60_000, unknownFromMs: clock.now() + 1e6 }),
    ],
    ['what was said cannot be understood', ({ bucket }) => bucket.put(githubKeys.budget, '{"atMs":"now"}')],
    ['the bus is away', ({ bucket }) => Object.assign(bucket, { get: () => Promise.reject(new Error('down')) })],
  ])('every claim is taken when %s: the verifier keeps its limits by itself', async (_, prepare) => {
    const of = outlook()
    prepare(of)
    expect(await of.answer(unknown)).toBe('admitted')
  })
  it('and the documents are read once in two seconds, however many ask', async () => {
    const { bucket, clock, answer } = outlook()
    await Promise.all(Array.from({ length: 50 }, () => answer(unknown)))
    expect(bucket.reads).toBe(2)
    clock.advance(2_000)
    await answer(unknown)
    expect(bucket.reads).toBe(4)
  })
})

describe('relationships alone', () => {
  it('are served, in any spelling, and nobody else', async () => {
    const { names, answer } = outlook('relationships')
    names()
    expect([await answer(known), await answer(RepositoryName.parse('OCTO-ORG/OCTO-REPO'))]).toEqual([
      'admitted',
      'admitted',
    ])
    expect(await answer(unknown)).toBe('repository_not_served')
    expect(await answer(RepositoryName.parse('octo-org/octo-repo2'))).toBe('repository_not_served')
  })
  it.each<[string, (of: ReturnType<typeof outlook>) => void]>([
    ['nobody has said anything', () => undefined],
    ['some have no name yet', ({ names }) => names(1)],
    [
      'the list is a minute old',
      ({ names, clock }) => {
        names()
        clock.advance(60_000)
      },
    ],
    ['the list cannot be understood', ({ bucket }) => bucket.put(githubKeys.repositories, '{}')],
    ['the bus is away', ({ bucket }) => Object.assign(bucket, { get: () => Promise.reject(new Error('down')) })],
  ])('are not known when %s: nobody is served, and nobody for good', async (_, prepare) => {
    const of = outlook('relationships')
    prepare(of)
    expect(await of.answer(unknown)).toBe('temporarily_unavailable 5')
  })
})

describe('POST /claim', () => {
  it('answers 503 with Retry-After and a code of its own, and starts nothing', async () => {
    const { claim, claims, fakes, clock } = await gatewayHarness()
    const report = { atMs: clock.now(), unknownFromMs: clock.now() + 30_000 }
    fakes.bucket('github').put(githubKeys.budget, JSON.stringify(report))
    const response = await claim(goodClaim)
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('30')
    expect(response.json()).toMatchObject({ code: 'github_budget_low' })
    expect(claims.started).toEqual([])
  })
  it('with relationships alone answers 403 to others, and starts nothing', async () => {
    const { claim, claims, fakes, clock } = await gatewayHarness({ githubServe: 'relationships' })
    const document = { atMs: clock.now(), repositories: [], unresolved: 0 }
    fakes.bucket('github').put(githubKeys.repositories, JSON.stringify(document))
    const response = await claim(goodClaim)
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'repository_not_served' })
    expect(claims.started).toEqual([])
  })
})
