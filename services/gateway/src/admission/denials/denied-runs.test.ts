import { AdmittedRun } from '@forkproof/contracts/access'
import { DenialKey } from '@forkproof/contracts/trust'
import { describe, expect, it } from 'vitest'
import { denialOf } from './denied-runs.ts'

const run = (changes: object = {}): AdmittedRun =>
  AdmittedRun.parse({
    eventClass: 'fork_pull_request',
    repository: 'octo-org/octo-repo',
    repositoryId: '42',
    runId: '1',
    attempt: '1',
    origin: { headRepositoryId: '77', pullRequestNumber: '12', accountIds: ['5', '6'] },
    ...changes,
  })
const unknown = (changes: object = {}): AdmittedRun => {
  const { origin: _, ...rest } = run(changes)
  return rest
}
const denies = (key: string, of: AdmittedRun) =>
  denialOf([{ key: DenialKey.parse(key), reason: 'why', createdAt: '2026-01-01T00:00:00Z' }], of) !== undefined
const trusted = run({ eventClass: 'trusted', origin: { accountIds: ['5'] } })

describe('a run is denied', () => {
  it.each<[string, string, AdmittedRun]>([
    ['by its fork', 'head_repository:77', run()],
    ['by its author', 'author:5', run()],
    ['by another hand in it', 'author:6', run()],
    ['by its pull request', 'pull_request:42:12', run()],
    [
      'by any pull request of its repository when its own is not known',
      'pull_request:42:13',
      run({ origin: { headRepositoryId: '77', accountIds: [] } }),
    ],
    ['by any fork when its own is not known', 'head_repository:1', run({ origin: { accountIds: [] } })],
    ['by anything when an older release recorded it', 'author:1', unknown()],
    ['by its actor, when it is trusted', 'author:5', trusted],
  ])('%s', (_, key, of) => {
    expect(denies(key, of)).toBe(true)
  })
})

describe('a run is not denied', () => {
  it.each<[string, string, AdmittedRun]>([
    ['by another fork', 'head_repository:7', run()],
    ['by an account whose id begins alike', 'author:56', run()],
    ['by a fork with the id of its author', 'head_repository:5', run()],
    ['by an author with the id of its fork', 'author:77', run()],
    ['by another pull request', 'pull_request:42:1', run()],
    ['by the same number in another repository', 'pull_request:43:12', run()],
    ['as trusted by a pull request of its repository', 'pull_request:42:12', trusted],
    ['as trusted by a fork', 'head_repository:77', trusted],
    ['as trusted when an older release recorded it', 'author:5', unknown({ eventClass: 'trusted' })],
  ])('%s', (_, key, of) => {
    expect(denies(key, of)).toBe(false)
  })
})

describe('a denial’s key', () => {
  it.each([
    '',
    'author',
    'author:',
    'author:0',
    'author:05',
    'author:5 ',
    'author:*',
    'Author:5',
    'owner:5',
    'pull_request:12',
    'pull_request:42:',
    'pull_request:42:12:1',
    'head_repository:a/b',
    `author:${'9'.repeat(17)}`,
  ])('is never %j', key => {
    expect(DenialKey.safeParse(key).success).toBe(false)
  })
})
