import { describe, expect, test } from 'vitest'
import { type AccessPolicy, policyDetail, policyOf } from './access-policy.ts'

describe('which policy refuses is told by GitHub’s wording:', () => {
  test.each<[number, string, AccessPolicy]>([
    [
      403,
      'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
      'address-list',
    ],
    [
      403,
      "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1",
      'token-lifetime',
    ],
    [
      403,
      '`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.',
      'classic-tokens',
    ],
    [403, '`acme` forbids access via a fine-grained personal access token.', 'fine-grained-tokens'],
    [
      403,
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
      'single-sign-on',
    ],
    [
      403,
      'Although you appear to have the correct authorization credentials, the `acme` organization has enabled OAuth App access restrictions, meaning that data access to third-parties is limited.',
      'app-access',
    ],
    [403, 'Resource not accessible by integration', 'permission'],
    [403, 'Resource not accessible by personal access token', 'permission'],
    [403, 'Repository access blocked', 'blocked'],
    [451, 'Repository access blocked', 'legal'],
    [451, '', 'legal'],
    [403, 'Forbidden', 'other'],
    [403, '', 'other'],
  ])('%i %s', (status, message, policy) => {
    expect(policyOf(status, JSON.stringify({ message }))).toBe(policy)
  })
  test('and the text for the client quotes nothing of it', () => {
    expect(policyDetail(policyOf(403, '{"message":"IP allow list of `secret-body`"}'))).not.toContain('secret-body')
  })
})
