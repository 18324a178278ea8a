import type { AccessToken, ProjectId } from '@forkproof/contracts/ids'
import type { EnvironmentVariables } from '../environment/run-environment.ts'

/**
 * The variables by which an unmodified `depot` uses our API instead of its vendor's
 * (docs/facts/depot.md#order-of-tokens, docs/facts/depot.md#transport), and does not report to the vendor.
 * A reporting variable that the user has set stays as it is.
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
