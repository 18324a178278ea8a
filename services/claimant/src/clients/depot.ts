import type { AccessToken, ProjectId } from '@forkproof/contracts/ids'
import type { EnvironmentVariables } from '../environment/run-environment.ts'

/**
 * What an unmodified `depot` needs to use our API instead of its vendor's (facts depot A1, A3), and not to report to the vendor. What is
 * set already is the user's word.
 */
export function depotVariables(
  access: { accessToken: AccessToken; projectId: ProjectId; apiUrl: string },
  env: EnvironmentVariables,
): Record<string, string> {
  const quiet = { DEPOT_ERROR_TELEMETRY: '0', DEPOT_NO_UPDATE_NOTIFIER: '1', DEPOT_DISABLE_OTEL: '1' }
  const unset = Object.entries(quiet).filter(([name]) => !env[name])
  return {
    DEPOT_TOKEN: access.accessToken,
    DEPOT_PROJECT_ID: access.projectId,
    DEPOT_API_URL: access.apiUrl,
    ...Object.fromEntries(unset),
  }
}
