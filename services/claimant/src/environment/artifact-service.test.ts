import { describe, expect, it } from 'vitest'
import { hasArtifactService } from './artifact-service.ts'

const env = { ACTIONS_RUNTIME_TOKEN: 't', ACTIONS_RESULTS_URL: 'https://results.example', GITHUB_SERVER_URL: '' }

describe('the artifact service', () => {
  it.each([
    ['on github.com', {}, true],
    ['on github.com by name', { GITHUB_SERVER_URL: 'https://GitHub.com' }, true],
    ['on GitHub’s clouds for enterprises', { GITHUB_SERVER_URL: 'https://acme.ghe.com' }, true],
    ['on the simulator', { GITHUB_SERVER_URL: 'http://github.localhost:8090' }, true],
    ['not on GitHub Enterprise Server', { GITHUB_SERVER_URL: 'https://github.acme.example' }, false],
    ['not on a server that only looks like GitHub', { GITHUB_SERVER_URL: 'https://github.com.example' }, false],
    ['not on a server without an address', { GITHUB_SERVER_URL: 'github.com' }, false],
    ['not in a `run:` step, which has no token', { ACTIONS_RUNTIME_TOKEN: undefined }, false],
    ['not without an address of the service', { ACTIONS_RESULTS_URL: '' }, false],
  ])('is %s', (_, changes, expected) => {
    expect(hasArtifactService({ ...env, ...changes })).toBe(expected)
  })
})
