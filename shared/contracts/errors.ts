import { type ErrorEntry, refusalTable } from './refusal-table.ts'

const faultTable = {
  // A request that cannot be understood or served.
  invalid_request: {
    status: 400,
    title: 'The request is malformed; see detail and /openapi.json',
    retryable: false,
    advice: 'Check the inputs.',
  },
  invalid_audience: {
    status: 400,
    title: 'The audience is not one this issuer serves',
    retryable: false,
    advice: 'Leave the audience out, or ask the operator of the issuer which audiences it serves.',
  },
  channel_not_read: {
    status: 400,
    title: 'This issuer reads none of the channels by which the claim can show its code',
    retryable: false,
    advice:
      'Use the Action (it shows the code as an artifact), or the two-step form of the CLI; see `forkproof token --step-name`.',
  },
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
  github_budget_low: {
    status: 503,
    title: 'Requests to GitHub are kept for repositories that projects name; wait as Retry-After says',
    retryable: true,
    advice:
      'The issuer serves repositories of its own projects first. Try again later, or ask its operator for a trust relationship.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many claims; wait as Retry-After says',
    retryable: true,
    advice: 'Too many claims at once; run the job again later.',
  },
  temporarily_unavailable: { status: 503, title: 'A part of the service is down; try again soon', retryable: true },
  internal_error: { status: 500, title: 'Something went wrong here; quote the correlation id', retryable: true },
  no_active_key: { status: 503, title: 'There is no active signing key', retryable: true },
  // Admission: who may build.
  operator_token_invalid: {
    status: 401,
    title: 'This needs the operator’s token in an Authorization header',
    retryable: false,
  },
  webhook_not_signed: {
    status: 403,
    title: 'The delivery is not signed with a webhook secret of this service',
    retryable: false,
  },
  project_not_found: {
    status: 404,
    title: 'There is no such project',
    retryable: false,
    advice: 'Check the project’s id; a project without any relationship for this repository is not shown either.',
  },
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
    advice:
      'ID tokens live some minutes: exchange them soon after they were issued. Otherwise check issuer and audience with its operator.',
  },
  id_token_used: {
    status: 401,
    title: 'The ID token was used before; claim a fresh one',
    retryable: false,
    advice: 'An ID token opens one project once. Claim a fresh one, or use the access token that it was exchanged for.',
  },
  not_admitted: {
    status: 403,
    title: 'No trust relationship of the project admits this run',
    retryable: false,
    advice:
      'Ask the project’s maintainer for a trust relationship that fits this repository, event, branch and workflow file.',
  },
  run_denied: {
    status: 403,
    title: 'A maintainer of the project has denied this fork, author or pull request',
    retryable: false,
    advice: 'Ask the project’s maintainer.',
  },
  too_many_denials: { status: 409, title: 'The project has as many denials as it can', retryable: false },
  access_token_invalid: {
    status: 401,
    title: 'The access token is unknown, expired or revoked',
    retryable: false,
    advice: 'Access tokens end with their run; claim and exchange again.',
  },
  issuer_unavailable: { status: 503, title: 'The keys of the token’s issuer cannot be read now', retryable: true },
  // Builds and builders.
  build_token_invalid: { status: 401, title: 'The build token does not belong to this build', retryable: false },
  build_not_found: { status: 404, title: 'There is no such build, or it is long over', retryable: false },
  build_over: { status: 409, title: 'The build is over', retryable: false },
  too_many_builds: {
    status: 429,
    title: 'This trust relationship runs as many builds as it may',
    retryable: true,
    advice: 'Other builds of this project run; wait for them, or ask its maintainer for more at once.',
  },
  platform_not_granted: {
    status: 403,
    title: 'The trust relationship does not grant that platform',
    retryable: false,
    advice: 'Leave that platform out, or ask the project’s maintainer to grant it.',
  },
  platform_unavailable: {
    status: 409,
    title: 'No node here runs builders of that platform',
    retryable: false,
    advice: 'Leave that platform out, or ask the operator for a node that has it.',
  },
  egress_unavailable: {
    status: 409,
    title: 'No node here can give builders that egress safely',
    retryable: false,
    advice: 'Ask the project’s maintainer for another egress, or the operator for a node that can give it.',
  },
  no_capacity: {
    status: 503,
    title: 'No builder became free in time; build again later',
    retryable: true,
    advice: 'All builders were taken; run the job again later.',
  },
  isolation_missing: {
    status: 503,
    title: 'The node lacks what it needs to isolate a builder',
    retryable: false,
    advice: 'Tell the operator: the node says in its log what it lacks.',
  },
  certificate_request_invalid: {
    status: 400,
    title: 'The certificate request must be for a P-256 key and name nothing',
    retryable: false,
  },
  builder_not_ready: {
    status: 503,
    title: 'The builder did not pass its checks in time',
    retryable: true,
    advice: 'Run the job again; if it stays so, tell the operator.',
  },
  builder_lost: {
    status: 503,
    title: 'The builder ended before its time',
    retryable: true,
    advice: 'Run the job again; if it stays so, tell the operator.',
  },
  // Key life.
  key_state_conflict: { status: 409, title: 'The key’s state or timing does not allow that', retryable: false },
  key_not_found: { status: 404, title: 'There is no such key', retryable: false },
} as const satisfies Record<string, ErrorEntry>

/**
 * The one closed table of all that can be wrong. A new refusal reason is its row in `refusal-table.ts`, advice
 * included; the rest is derived from that.
 */
export const errorTable = { ...refusalTable, ...faultTable } as const

export type ErrorCode = keyof typeof errorTable

export type RefusalReason = keyof typeof refusalTable
export const refusalReasons = Object.keys(refusalTable) as [RefusalReason, ...RefusalReason[]]

export const adviceFor = (code: ErrorCode): string | undefined => (errorTable[code] as ErrorEntry).advice

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
