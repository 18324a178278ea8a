import type { AccessPolicies } from './access/access-policies.ts'
import type { CredentialStore } from './access/credential-store.ts'
import type { RateLimits } from './access/rate-limits.ts'
import type { RequestCounters } from './access/request-counters.ts'
import type { SecondaryLimits } from './access/secondary-limits.ts'
import type { ServerOrigin } from './access/server-origin.ts'
import type { GithubApps } from './apps/github-apps.ts'
import type { BehaviourSettings } from './behaviour/behaviour-settings.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import type { SignedUrls } from './blobs/signed-urls.ts'
import type { GithubStore } from './store/github-store.ts'

/** What every surface of the simulator shares. All of it is in memory and goes with the process. */
export interface SimulatorState {
  readonly store: GithubStore
  readonly behaviour: BehaviourSettings
  readonly credentials: CredentialStore
  readonly apps: GithubApps
  readonly policies: AccessPolicies
  readonly limits: RateLimits
  readonly secondaryLimits: SecondaryLimits
  readonly counters: RequestCounters
  readonly origin: ServerOrigin
  readonly blobs: BlobStore
  readonly signedUrls: SignedUrls
}
