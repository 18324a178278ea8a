import type { EnvironmentVariables } from './run-environment.ts'

/**
 * Whether GitHub's artifact client works here. It needs the runtime token, which only actions receive
 * (docs/facts/github.md#runtime-token), and it refuses every server but these
 * (docs/facts/github.md#artifacts).
 */
export function hasArtifactService(env: EnvironmentVariables): boolean {
  if (!env['ACTIONS_RUNTIME_TOKEN'] || !env['ACTIONS_RESULTS_URL']) return false
  const server = env['GITHUB_SERVER_URL'] || 'https://github.com'
  if (!URL.canParse(server)) return false
  const host = new URL(server).hostname.trimEnd().toLowerCase()
  return host === 'github.com' || host.endsWith('.ghe.com') || host.endsWith('.localhost')
}
