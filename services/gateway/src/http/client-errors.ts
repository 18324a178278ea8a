import { AppError, type ErrorCode, isAppError } from '@forkproof/contracts/errors'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
}
/** Members whose faults have a code of their own. */
const memberCodes: Readonly<Record<string, ErrorCode>> = {
  '/sealTo': 'invalid_seal_key',
  '/certificateRequests': 'certificate_request_invalid',
}
const fieldsNamedMax = 5

/** Every error a request can end in, as one of ours. What is not known to be the client's fault is ours. */
export function appErrorOf(error: unknown): AppError {
  if (isAppError(error)) return error
  if (hasZodFastifySchemaValidationErrors(error)) return ofSchema(error.validation)
  const { code, statusCode } = errorMembers(error)
  const known = fastifyCodes[code]
  if (known) return new AppError(known)
  if (statusCode >= 400 && statusCode < 500) return new AppError('invalid_request', { cause: error })
  return new AppError('internal_error', { cause: error })
}

function errorMembers(error: unknown): { code: string; statusCode: number } {
  if (!(error instanceof Error)) return { code: '', statusCode: 500 }
  const code = 'code' in error ? String(error.code) : ''
  const statusCode = 'statusCode' in error ? Number(error.statusCode) : 500
  return { code, statusCode }
}

/** Names the fields and what they must be; never what was sent. */
function ofSchema(problems: readonly { instancePath: string; message?: string }[]): AppError {
  const lines = problems
    .slice(0, fieldsNamedMax)
    .map(problem => `${problem.instancePath.slice(1).replaceAll('/', '.') || 'body'}: ${problem.message ?? 'invalid'}`)
  const special = Object.entries(memberCodes).find(([member]) =>
    problems.every(problem => problem.instancePath.startsWith(member)),
  )
  return new AppError(special?.[1] ?? 'invalid_request', { detail: lines.join('; ') })
}
