import { type AppError, type ErrorCode, errorTable } from '@forkproof/contracts/errors'
import { z } from 'zod'
import { NotAdmitted } from '../../admission/not-admitted.ts'

const codes = [
  'invalid_request',
  'invalid_target',
  'invalid_scope',
  'invalid_token',
  'unsupported_grant_type',
  'slow_down',
  'temporarily_unavailable',
  'server_error',
] as const
type OauthCode = (typeof codes)[number]

/** RFC 6749 section 5.2, with extension members of ours. */
export const OauthProblem = z.object({
  error: z.enum(codes),
  error_description: z.string(),
  error_uri: z.string().meta({ description: 'urn:forkproof:error:<code>, or the standard that names the error' }),
  reasons: z.array(z.string()).optional().meta({ description: 'names of the trust rules that failed' }),
  trace_id: z.string().meta({ description: 'correlation id; quote it to the operator' }),
})
export type OauthProblem = z.infer<typeof OauthProblem>

/** A refusal that only OAuth has a word for. */
export class OauthRefusal extends Error {
  override readonly name = 'OauthRefusal'
  readonly code: 'unsupported_grant_type' | 'invalid_scope' | 'invalid_target'

  constructor(code: OauthRefusal['code'], description: string) {
    super(description)
    this.code = code
  }
}

/**
 * What is not here is the client's fault, `invalid_request` (RFC 8693 section 2.2.2 puts refusal by policy there
 * too), or ours.
 */
const oauthCodes: Partial<Record<ErrorCode, OauthCode>> = {
  project_not_found: 'invalid_target',
  operator_token_invalid: 'invalid_token',
  rate_limited: 'slow_down',
  temporarily_unavailable: 'temporarily_unavailable',
  issuer_unavailable: 'temporarily_unavailable',
}
/** Statuses that say more than 400; the rest of the client's faults are 400, as RFC 6749 has it. */
const keptStatuses = [413, 415, 429]

export function oauthProblemOf(
  error: AppError | OauthRefusal,
  correlationId: string,
): { status: number; body: OauthProblem } {
  const trace_id = correlationId
  if (error instanceof OauthRefusal) {
    const error_uri = error.code === 'invalid_target' ? 'urn:ietf:rfc:8693' : 'urn:ietf:rfc:6749'
    return {
      status: 400,
      body: { error: error.code, error_description: printable(error.message), error_uri, trace_id },
    }
  }
  const { status, title } = errorTable[error.code]
  const code = oauthCodes[error.code] ?? (status < 500 ? 'invalid_request' : 'server_error')
  const description = error.detail === undefined ? title : `${title}: ${error.detail}`
  return {
    status: status >= 500 || keptStatuses.includes(status) || code === 'invalid_token' ? status : 400,
    body: {
      error: code,
      error_description: printable(description),
      error_uri: `urn:forkproof:error:${error.code}`,
      ...(error instanceof NotAdmitted && { reasons: [...error.reasons] }),
      trace_id,
    },
  }
}

/** The characters that RFC 6749 allows in a description. */
const printable = (text: string): string =>
  text
    .replaceAll('’', "'")
    .replaceAll('"', "'")
    .replaceAll(/[^ !#-[\]-~]/g, '?')
    .slice(0, 400)
