/**
 * Dependabot's account on github.com (docs/facts/github.md#dependabot). The id is what counts; type and login are asked
 * for so that nothing passes for it on a server where the id is somebody else's. No person can have such a login.
 */
export const dependabotAccount = { id: 49_699_333, login: 'dependabot[bot]', type: 'Bot' } as const
