import { Audience, RepositoryName } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { audiencePolicy } from './audience-policy.ts'
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

describe('audiencePolicy', () => {
  const own = Audience.parse('https://oidc.example.dev')
  it.each([
    [[], 'https://sts.example.dev', true],
    [['any'], 'sigstore', true],
    [['sigstore'], 'sigstore', true],
    [['sigstore'], 'https://oidc.example.dev', true],
    [[], 'sigstore', false],
    [[], 'SIGSTORE', false],
    [[], 'npm:registry.example.dev', false],
    [[], 'api://AzureADTokenExchange', false],
    [['https://a.dev'], 'https://b.dev', false],
    [['https://a.dev'], 'https://a.dev/', false],
    [['https://a.dev'], 'https://A.dev', false],
  ])('%j accepts %s: %s', (entries, audience, expected) => {
    expect(audiencePolicy(entries, own)(Audience.parse(audience))).toBe(expected)
  })
})
