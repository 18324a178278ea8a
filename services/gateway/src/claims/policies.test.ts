import { RepositoryName } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { servePolicy } from './serve-policy.ts'

describe('servePolicy', () => {
  it.each([
    [['any'], 'o/r', true],
    [['octo-org'], 'Octo-Org/anything', true],
    [['octo-org/repo'], 'octo-org/REPO', true],
    [['octo-org/repo', 'other'], 'other/x', true],
    [['octo-org'], 'octo-organization/x', false],
    [['octo-org'], 'octo/org', false],
    [['octo-org/repo'], 'octo-org/repo2', false],
    [['octo-org/repo'], 'octo-org/rep', false],
    [['octo-org/repo'], 'evil/repo', false],
    [['repo'], 'octo-org/repo', false],
    [[], 'octo-org/repo', false],
  ])('%j serves %s: %s', (entries, repository, expected) => {
    expect(servePolicy(entries)(RepositoryName.parse(repository))).toBe(expected)
  })
})
