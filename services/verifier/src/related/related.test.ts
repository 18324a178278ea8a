import { buckets } from '@forkproof/contracts/subjects'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, test } from 'vitest'
import { aClaimSpec } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createVerifierHarness } from '../testing/verifier-harness.ts'
import { createClaimGate } from './claim-gate.ts'

const { signal } = new AbortController()
/** As the gateway stores it; a rule of a newer release among them. */
const project = (...repositoryIds: string[]) =>
  JSON.stringify({
    id: 'prj_aaaaaaaaaaaaaaaa',
    relationships: repositoryIds.map(repositoryId => ({ id: 'trl', rule: { repositoryId, newer: ['member'] } })),
  })

/** A verifier whose projects name these ids; `rawRun` is of 1001, base-org/project. */
async function reading(...repositoryIds: string[]) {
  const harness = createVerifierHarness()
  harness.bucket(buckets.projects).put('prj_a', project(...repositoryIds))
  await harness.related.refresh(signal)
  return harness
}

describe('the repositories that projects name', () => {
  test('are known by their present names, in any spelling', async () => {
    const { related } = await reading('1001')
    const [name, spelled] = ['base-org/project', 'Base-Org/PROJECT'] as unknown as Parameters<typeof related.has>[0][]
    expect([name, spelled].map(each => each && related.has(each))).toEqual([true, true])
    expect(related.hasId('1001')).toBe(true)
    expect(related.document).toMatchObject({ repositories: [{ id: '1001', name: 'base-org/project' }], unresolved: 0 })
  })
  test('cost one request each, and none again within ten minutes', async () => {
    const { related, github, clock } = await reading('1001')
    await related.refresh(signal)
    expect(github.asked).toHaveLength(1)
    clock.advance(600_000)
    await related.refresh(signal)
    expect([github.asked.length, github.counted.length]).toEqual([2, 1])
  })
  test('are forgotten when the relationship goes', async () => {
    const { related, bucket } = await reading('1001')
    bucket(buckets.projects).put('prj_a', project())
    await related.refresh(signal)
    expect(related.document).toMatchObject({ repositories: [], unresolved: 0 })
    expect(related.hasId('1001')).toBe(false)
  })
  test('that GitHub cannot be asked about are unresolved, and not forgotten', async () => {
    const harness = createVerifierHarness()
    harness.bucket(buckets.projects).put('prj_a', project('1001'))
    harness.github.budgetLeft = 0
    await harness.related.refresh(signal).catch(() => undefined)
    harness.bucket(buckets.projects).put('prj_a', project('1001', '1002'))
    await expect(harness.related.refresh(signal)).rejects.toMatchObject({ kind: 'limited' })
    expect(harness.related.document).toMatchObject({ unresolved: 1 })
  })
  test.each(['no JSON', '{}', '{"relationships":[{"rule":{"repositoryId":"../x"}}]}', '[]'])(
    'in a document that cannot be understood are none: %s',
    async text => {
      const harness = createVerifierHarness()
      harness.bucket(buckets.projects).put('prj_a', text)
      await harness.related.refresh(signal)
      expect(harness.related.document).toMatchObject({ repositories: [], unresolved: 0 })
    },
  )
})

describe('the gate before every claim', () => {
  const related = { has: () => false, hasId: () => false, isRead: true }
  const never = () => new Promise<never>(() => undefined)

  test('with relationships alone refuses others without a request', async () => {
    const { github, observers } = createVerifierHarness()
    const watch = observers.watch.bind(observers)
    const gate = createClaimGate({ related, serve: 'relationships', watch })
    expect(await gate(await aClaimSpec(), signal)).toMatchObject({
      result: { kind: 'refused', reason: 'repository_not_served' },
      counted: 0,
    })
    expect(github.asked).toEqual([])
  })
  test('says that it does not know yet as long as the projects were not read', async () => {
    const gate = createClaimGate({ related: { ...related, isRead: false }, serve: 'relationships', watch: never })
    expect((await gate(await aClaimSpec(), signal)).result).toMatchObject({ reason: 'github_unavailable' })
  })
  test('refuses what was proven when the name belongs to another repository now', async () => {
    const result = { kind: 'verified', run: { facts: { repository: { id: '999' } } } }
    const watch = async () => ({ result, counted: 3, shownAtMs: undefined }) as never
    const moved = { ...related, has: () => true }
    const gate = createClaimGate({ related: moved, serve: 'relationships', watch })
    expect((await gate(await aClaimSpec(), signal)).result).toMatchObject({ reason: 'repository_not_served' })
    const all = createClaimGate({ related: moved, serve: 'all', watch })
    expect((await all(await aClaimSpec(), signal)).result).toMatchObject({ kind: 'verified' })
  })
  test('leaves room for others when unknown repositories flood in', async () => {
    const watched: string[] = []
    const watch = (spec: { repository: string }) => {
      watched.push(spec.repository)
      return never()
    }
    const spec = await aClaimSpec()
    const known = await aClaimSpec({ repository: 'known/one' as typeof spec.repository })
    const gate = createClaimGate({
      related: { ...related, has: name => name === known.repository },
      serve: 'all',
      watch: watch as never,
    })
    for (let index = 0; index < 400; index++) void gate(spec, signal)
    expect((await gate(spec, signal)).result).toMatchObject({ reason: 'github_unavailable' })
    void gate(known, signal)
    expect(watched).toHaveLength(401)
    expect(watched.at(-1)).toBe(known.repository)
  })
})

describe('what the gateway is told', () => {
  const written = async (harness: ReturnType<typeof createVerifierHarness>) =>
    JSON.parse((await harness.bucket(buckets.github).get('budget'))?.value ?? 'null')

  test('is that every claim is served, as long as nothing is known', async () => {
    const harness = createVerifierHarness()
    await harness.reports.writeBudget()
    expect(await written(harness)).toEqual({ atMs: harness.clock.now(), credentials: [] })
  })
  test('is from when unknown repositories are served again', async () => {
    const harness = await reading('1001')
    harness.github.budgetLeft = 1_000
    harness.clock.advance(600_000)
    await harness.related.refresh(signal)
    await harness.reports.writeBudget()
    const report = await written(harness)
    expect(report.unknownFromMs).toBeGreaterThan(harness.clock.now())
    expect(report.relatedFromMs).toBeUndefined()
    expect(report.credentials).toEqual([{ kind: 'classic-token', limit: 5_000, remaining: 1_000, spendable: 0 }])
  })
  test('is written again only when it changed or is old', async () => {
    const harness = createVerifierHarness()
    for (let index = 0; index < 5; index++) await harness.reports.writeBudget()
    expect(harness.bucket(buckets.github).writes).toHaveLength(1)
    harness.clock.advance(10_000)
    await harness.reports.writeBudget()
    expect(harness.bucket(buckets.github).writes).toHaveLength(2)
  })
  test('holds no secret and no name of a credential', async () => {
    const harness = createVerifierHarness({ githubTokens: new Secret(['a-secret-token']) })
    await pass(harness.clock, 100)
    await harness.reports.writeBudget()
    await harness.reports.writeRepositories()
    expect(harness.bucket(buckets.github).writes.join()).not.toContain('secret-token')
  })
})
