import { type AppError, type ErrorCode, errorTable, refusalReasons } from '@forkproof/contracts/errors'
import { z } from 'zod'

/** RFC 9457. `error` is for clients that know only that member (docs/facts/depot.md#claim-contract). */
const ProblemDocument = z.object({
  type: z.string().meta({ description: 'urn:forkproof:error:<code>' }),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]),
  reason: z.enum(refusalReasons).optional().meta({ description: 'why a claim was refused; equals code' }),
  instance: z.string().meta({ description: 'correlation id; quote it to the operator' }),
  error: z.string(),
})
type ProblemDocument = z.infer<typeof ProblemDocument>

export const problemContentType = 'application/problem+json'
const detailLengthMax = 400
/** Where the error names no time of its own. */
const retryAfterSecondsDefault = 2

/** The answer to an error. Only what is constant or was written for clients goes in; causes stay in the log. */
export function problemDocumentOf(error: AppError, correlationId: string): ProblemDocument {
  const { title, status } = errorTable[error.code]
  const detail = error.detail?.slice(0, detailLengthMax)
  const reason = refusalReasons.find(known => known === error.code)
  return {
    type: `urn:forkproof:error:${error.code}`,
    title,
    status,
    ...(detail !== undefined && { detail }),
    code: error.code,
    ...(reason && { reason }),
    instance: `urn:uuid:${correlationId}`,
    error: detail === undefined ? title : `${title}: ${detail}`,
  }
}

export function retryAfterSecondsOf(error: AppError): number | undefined {
  const { status } = errorTable[error.code]
  return error.retryAfterSeconds ?? (status === 429 || status === 503 ? retryAfterSecondsDefault : undefined)
}

/** For the routes' schemas. */
export const problemResponse = (description: string) => ({
  description,
  content: { [problemContentType]: { schema: ProblemDocument } },
})
