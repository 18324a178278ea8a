import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

describe('a pull request that changes', () => {
  let simulator: SimulatorHarness
  const pulls = '/repositories/octo-org/app/pulls'
  const path = '/repos/octo-org/app/pulls'
  beforeEach(async () => {
    simulator = await openSimulatorHarness()
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  type Pull = Record<string, unknown> & { base: { ref: string; sha: string }; head: { sha: string } }
  const read = async (number = 1, headers: Record<string, string> = {}) =>
    (await (await simulator.get(`${path}/${number}`, headers)).json()) as Pull
  const change = (patch: object) => simulator.control('PATCH', `${pulls}/1`, patch)

  it('has another base once it is retargeted, and its run keeps its head', async () => {
    const before = await read()
    await change({ baseBranch: 'release' })
    const after = await read()
    expect([before.base.ref, after.base.ref, after.base.sha === before.base.sha]).toEqual(['main', 'release', false])
    expect(after.head.sha).toBe(before.head.sha)
    const onMain = (await (await simulator.get(`${path}?base=main`)).json()) as Pull[]
    expect(onMain).toEqual([])
  })

  it.each([
    ['closed', { state: 'closed', merged: false, merged_at: null, closed_at: expect.any(String) }],
    ['merged', { state: 'closed', merged: true, merged_at: expect.any(String), closed_at: expect.any(String) }],
  ])('is not open once it is %s, and is again when it is opened again', async (state, expected) => {
    await change({ state })
    expect(await read()).toMatchObject(expected)
    expect(await (await simulator.get(path)).json()).toEqual([])
    await change({ state: 'open' })
    expect(await read()).toMatchObject({ state: 'open', merged: false, merged_at: null, closed_at: null })
  })

  it('shows a private member as a contributor to all but members', async () => {
    await change({ authorAssociation: 'MEMBER' })
    await simulator.control('POST', '/credentials', { name: 'm', token: 'm', memberOf: ['octo-org'] })
    await simulator.control('POST', '/credentials', { name: 'o', token: 'o', user: 'Octo-Org' })
    const seen = async (headers = {}) => (await read(1, headers))['author_association']
    expect(await Promise.all([seen(), seen({ authorization: '' })])).toEqual(['CONTRIBUTOR', 'CONTRIBUTOR'])
    expect(await seen({ authorization: 'Bearer m' })).toBe('MEMBER')
    expect(await seen({ authorization: 'Bearer o' })).toBe('MEMBER')
    await change({ associationInPublic: 'MEMBER' })
    expect(await seen()).toBe('MEMBER')
  })

  it('can have the head of another one, and both are found by its commit', async () => {
    const { head } = await read()
    await simulator.control('POST', pulls, {
      headRepository: 'alice/app',
      headBranch: 'fix',
      headSha: head.sha,
      baseBranch: 'release',
    })
    const found = (await (await simulator.get(`${path}?head=alice:fix`)).json()) as { number: number }[]
    const byCommit = (await (await simulator.get(`/repos/octo-org/app/commits/${head.sha}/pulls`)).json()) as unknown[]
    expect([found.map(({ number }) => number), byCommit.length]).toEqual([[2, 1], 2])
  })
})
