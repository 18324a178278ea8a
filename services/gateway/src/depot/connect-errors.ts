import { Code, ConnectError } from '@connectrpc/connect'
import { AppError, type ErrorCode, errorTable } from '@forkproof/contracts/errors'
import { appErrorOf } from '../http/client-errors.ts'
import {
  brokenRequestStatus,
  brokenRequestTexts,
  type DescribeBrokenRequest,
} from '../http/listening/broken-request.ts'
import { retryAfterSecondsOf } from '../http/problem-document.ts'

const codesOfStatus: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  413: Code.InvalidArgument,
  424: Code.Unavailable,
  429: Code.ResourceExhausted,
  500: Code.Internal,
  503: Code.Unavailable,
}
const codes: Partial<Record<ErrorCode, Code>> = {
  // Whose project it is is not told, and `not_found` would send the client to look for its projects
  // (docs/facts/depot.md#calls-and-failures).
  project_not_found: Code.PermissionDenied,
  isolation_missing: Code.FailedPrecondition,
}

/** Our error as the client shows it: the constant title, what may be told, and our code as metadata. */
export function asConnectError(thrown: unknown): { error: ConnectError; cause: AppError } {
  if (thrown instanceof ConnectError) return { error: thrown, cause: new AppError('invalid_request') }
  const cause = appErrorOf(thrown)
  const { status, title } = errorTable[cause.code]
  const text = cause.detail === undefined ? title : `${title}: ${cause.detail}`
  const error = new ConnectError(text, codes[cause.code] ?? codesOfStatus[status] ?? Code.FailedPrecondition)
  error.metadata.set('forkproof-code', cause.code)
  const retryAfter = retryAfterSecondsOf(cause)
  if (retryAfter !== undefined) error.metadata.set('retry-after', String(retryAfter))
  return { error, cause }
}

/** A broken request in the Connect protocol's form (connectrpc.com/docs/protocol, unary errors). */
export const describeAsConnectError: DescribeBrokenRequest = broken => ({
  status: brokenRequestStatus(broken),
  contentType: 'application/json',
  body: JSON.stringify({ code: 'invalid_argument', message: brokenRequestTexts[broken] }),
})
