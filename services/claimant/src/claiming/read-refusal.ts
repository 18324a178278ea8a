import { refusalReasons } from '@forkproof/contracts/errors'
import { z } from 'zod'
import type { BoundedAnswer } from './bounded-request.ts'
import { type ClaimFailure, refusalFailure } from './claim-failure.ts'

/** RFC 9457 with our members. All are optional, because a proxy in between may answer anything. */
const ProblemBody = z.object({
  code: z.string().optional().catch(undefined),
  reason: z.string().optional().catch(undefined),
  detail: z.string().optional().catch(undefined),
})

export function readRefusal(answer: BoundedAnswer): ClaimFailure {
  const { code, reason, detail } = readProblem(answer)
  return refusalFailure(reason ?? code, answer.status, detail, answer.retryAfterMs)
}

/** A verdict is final whatever its status: `github_unavailable` may be a 503, and asking again does not change it. */
export function isVerdict(answer: BoundedAnswer): boolean {
  const { code, reason } = readProblem(answer)
  return refusalReasons.some(known => known === (reason ?? code))
}

function readProblem(answer: BoundedAnswer): z.infer<typeof ProblemBody> {
  try {
    return ProblemBody.safeParse(JSON.parse(answer.text)).data ?? {}
  } catch {
    return {}
  }
}
