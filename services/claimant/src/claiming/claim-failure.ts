import { adviceFor, errorTable, isErrorCode } from '@forkproof/contracts/errors'
import { claimantLimits } from './limits.ts'

/**
 * - `cannot`: this run cannot claim or build.
 * - `refused`: the issuer said no.
 * - `untrusted`: the issuer's answer is inconsistent, so none of it may be used.
 * - `unavailable`: no answer in time.
 */
type FailureKind = 'cannot' | 'refused' | 'untrusted' | 'unavailable'

/** The only error that leaves the claimant's code. Every text of it is safe to print in a public log. */
export class ClaimFailure extends Error {
  override readonly name = 'ClaimFailure'
  readonly kind: FailureKind
  readonly code: string
  readonly detail: string | undefined
  readonly advice: string | undefined
  /** How long the issuer asks to wait before another try. */
  readonly retryAfterMs: number | undefined

  constructor(
    kind: FailureKind,
    code: string,
    text: { title: string; detail?: string; advice?: string },
    retryAfterMs?: number,
  ) {
    super(text.title)
    this.kind = kind
    this.code = code
    this.detail = text.detail
    this.advice = text.advice
    this.retryAfterMs = retryAfterMs
  }
}

/** A refusal in the issuer's words: our own title where we know the code, the server's detail made harmless. */
export function refusalFailure(
  code: string | undefined,
  status: number,
  detail?: string,
  retryAfterMs?: number,
): ClaimFailure {
  const known = code !== undefined && isErrorCode(code) ? code : undefined
  const advice = known === undefined ? undefined : adviceFor(known)
  const text = {
    title: known === undefined ? `The issuer refused with status ${status}` : errorTable[known].title,
    ...(detail === undefined ? {} : { detail: harmlessText(detail) }),
    ...(advice === undefined ? {} : { advice }),
  }
  return new ClaimFailure('refused', known ?? 'refused', text, retryAfterMs)
}

/** The same failure with one more sentence of ours. */
export function withDetail(failure: ClaimFailure, sentence: string): ClaimFailure {
  const { kind, code, message: title, advice, retryAfterMs } = failure
  const detail = failure.detail === undefined ? sentence : `${failure.detail} ${sentence}`
  return new ClaimFailure(kind, code, { title, detail, ...(advice === undefined ? {} : { advice }) }, retryAfterMs)
}

/** All that is known of a failure, for people. Several lines. */
export function describeFailure(failure: ClaimFailure): string {
  const lines = [`${failure.message} (${failure.code})`]
  if (failure.detail !== undefined) lines.push(failure.detail)
  if (failure.advice !== undefined) lines.push(`What to do: ${failure.advice}`)
  return lines.join('\n')
}

/**
 * Prepares foreign text for a log that a runner reads for commands: one bounded line without what starts a command
 * (`::name::` and the older `##[name]`).
 */
export function harmlessText(text: string): string {
  return text
    .slice(0, claimantLimits.foreignTextCharsMax)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('::', ': :')
    .replaceAll('##[', '# [')
    .trim()
}
