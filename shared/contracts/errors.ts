/**
 * The one closed table of everything that can be wrong. It drives the HTTP status in the gateway, `nonRetryable` at Temporal and the
 * table in the README (a test compares them). `title` is the constant text a client sees; causes go to the log.
 */
interface ErrorEntry {
  readonly status: number
  readonly title: string
  readonly retryable: boolean
}

export const errorTable = {
  // A request that cannot be understood or served.
  invalid_request: { status: 400, title: 'The request is malformed; see detail and /openapi.json', retryable: false },
  invalid_audience: { status: 400, title: 'The audience is not one this issuer serves', retryable: false },
  invalid_seal_key: {
    status: 400,
    title: 'sealTo must be a public X25519 JWK (kty OKP) in canonical form',
    retryable: false,
  },
  body_too_large: { status: 413, title: 'The request body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'Send application/json', retryable: false },
  not_found: { status: 404, title: 'There is nothing at this address', retryable: false },
  method_not_allowed: { status: 405, title: 'This address does not answer that method', retryable: false },
  claim_not_found: { status: 404, title: 'There is no such claim, or it is long over', retryable: false },
  claim_key_used: {
    status: 409,
    title: 'This sealTo key was used for a claim before; make a fresh key',
    retryable: false,
  },
  repository_not_served: { status: 403, title: 'This issuer does not serve that repository', retryable: false },
  rate_limited: { status: 429, title: 'Too many claims; wait as Retry-After says', retryable: true },
  temporarily_unavailable: { status: 503, title: 'A part of the service is down; try again soon', retryable: true },
  internal_error: { status: 500, title: 'Something went wrong here; quote the correlation id', retryable: true },
  // A claim that was looked at and refused: facts of the run.
  event_not_pull_request: {
    status: 403,
    title: 'Only pull_request runs can claim; other events have GitHub’s own OIDC',
    retryable: false,
  },
  not_a_fork: { status: 403, title: 'The pull request is not from a fork; use GitHub’s own OIDC', retryable: false },
  not_trusted: {
    status: 403,
    title: 'A pull request’s run from a fork cannot build as trusted; claim a token of ours',
    retryable: false,
  },
  head_repository_gone: { status: 403, title: 'The fork was deleted', retryable: false },
  run_not_found: { status: 404, title: 'GitHub shows no such public run', retryable: false },
  run_not_in_progress: { status: 403, title: 'The run is not in progress', retryable: false },
  awaiting_approval: { status: 403, title: 'The run waits for a maintainer’s approval', retryable: false },
  attempt_not_latest: { status: 403, title: 'That attempt is not the run’s latest', retryable: false },
  repository_not_public: { status: 403, title: 'The repository is not public', retryable: false },
  repository_renamed: { status: 403, title: 'The repository has another name now; claim with that', retryable: false },
  job_mismatch: {
    status: 403,
    title: 'The job does not belong to this attempt or is not in progress',
    retryable: false,
  },
  code_quoted: {
    status: 403,
    title: 'The code stands in text that others can write, such as the title',
    retryable: false,
  },
  code_not_seen: { status: 403, title: 'The code was not seen in the run in time', retryable: false },
  // A decided claim, so 4xx: old clients take 5xx as "ask again". Failed Dependency, RFC 4918 section 11.4.
  github_unavailable: { status: 424, title: 'GitHub could not be read in time; claim again', retryable: true },
  claim_expired: { status: 410, title: 'The claim’s time is over', retryable: false },
  // The signer's own refusals. None is reachable without a broken or hostile part of the system.
  attestation_invalid: { status: 403, title: 'The proof of the run does not verify', retryable: false },
  attestation_expired: { status: 403, title: 'The proof of the run is too old', retryable: false },
  attestation_mismatch: { status: 403, title: 'The proof belongs to another claim', retryable: false },
  no_active_key: { status: 503, title: 'There is no active signing key', retryable: true },
  // Admission: who may build.
  operator_token_invalid: {
    status: 401,
    title: 'This needs the operator’s token in an Authorization header',
    retryable: false,
  },
  project_not_found: { status: 404, title: 'There is no such project', retryable: false },
  relationship_not_found: { status: 404, title: 'The project has no such trust relationship', retryable: false },
  revision_conflict: {
    status: 412,
    title: 'Somebody else changed it first; read it again and repeat the change',
    retryable: false,
  },
  revision_missing: { status: 428, title: 'Say in If-Match which revision you change', retryable: false },
  project_full: { status: 409, title: 'The project has as many trust relationships as it can', retryable: false },
  too_many_projects: { status: 409, title: 'There are as many projects as there can be', retryable: false },
  id_token_invalid: {
    status: 401,
    title: 'The ID token does not verify, has expired or is not for us',
    retryable: false,
  },
  id_token_used: { status: 401, title: 'The ID token was used before; claim a fresh one', retryable: false },
  not_admitted: { status: 403, title: 'No trust relationship of the project admits this run', retryable: false },
  access_token_invalid: {
    status: 401,
    title: 'The access token is unknown, expired or revoked',
    retryable: false,
  },
  issuer_unavailable: { status: 503, title: 'The keys of the token’s issuer cannot be read now', retryable: true },
  // Builds and builders.
  build_token_invalid: { status: 401, title: 'The build token does not belong to this build', retryable: false },
  build_not_found: { status: 404, title: 'There is no such build, or it is long over', retryable: false },
  build_over: { status: 409, title: 'The build is over', retryable: false },
  too_many_builds: { status: 429, title: 'This trust relationship runs as many builds as it may', retryable: true },
  platform_not_granted: { status: 403, title: 'The trust relationship does not grant that platform', retryable: false },
  platform_unavailable: { status: 409, title: 'No node here runs builders of that platform', retryable: false },
  egress_unavailable: { status: 409, title: 'No node here can give builders that egress safely', retryable: false },
  no_capacity: { status: 503, title: 'No builder became free in time; build again later', retryable: true },
  isolation_missing: { status: 503, title: 'The node lacks what it needs to isolate a builder', retryable: false },
  certificate_request_invalid: {
    status: 400,
    title: 'The certificate request must be for a P-256 key and name nothing',
    retryable: false,
  },
  builder_not_ready: { status: 503, title: 'The builder did not pass its checks in time', retryable: true },
  builder_lost: { status: 503, title: 'The builder ended before its time', retryable: true },
  // Key life.
  key_state_conflict: { status: 409, title: 'The key’s state or timing does not allow that', retryable: false },
  key_not_found: { status: 404, title: 'There is no such key', retryable: false },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

/** Why a claim was refused: an expected outcome, carried as a value through workflow results. */
export const refusalReasons = [
  'event_not_pull_request',
  'not_a_fork',
  'not_trusted',
  'head_repository_gone',
  'run_not_found',
  'run_not_in_progress',
  'awaiting_approval',
  'attempt_not_latest',
  'repository_not_public',
  'repository_renamed',
  'job_mismatch',
  'code_quoted',
  'code_not_seen',
  'github_unavailable',
  'attestation_invalid',
  'attestation_expired',
  'attestation_mismatch',
  'claim_expired',
] as const satisfies readonly ErrorCode[]
export type RefusalReason = (typeof refusalReasons)[number]

export const isErrorCode = (value: string): value is ErrorCode => Object.hasOwn(errorTable, value)

/** The only error that crosses a boundary of ours. `detail` is safe to show a client; `cause` is for the log. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, options: { detail?: string; cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(errorTable[code].title, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** Errors lose their class on the way through Temporal and workers; the code string survives. */
export const isAppError = (error: unknown): error is AppError =>
  error instanceof Error && error.name === 'AppError' && 'code' in error && isErrorCode(String(error.code))
