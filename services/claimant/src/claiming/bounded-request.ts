import { boundedText } from './bounded-body.ts'
import { ClaimFailure } from './claim-failure.ts'
import { claimantLimits } from './limits.ts'

interface BoundedRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface BoundedAnswer {
  readonly status: number
  readonly retryAfterMs: number | undefined
  /** Without parameters, lower case. */
  readonly mediaType: string
  readonly text: string
}

/** No complete answer came; another try may help. The message is safe to print. */
export class UnreachableError extends Error {
  override readonly name = 'Unreachable'
}

/**
 * One request and its whole answer of at most 64 KiB.
 * Redirects are not followed, because an answer counts only from the host that was asked.
 * @throws UnreachableError, the signal's reason, or ClaimFailure for a redirect and an oversized body
 */
export async function boundedRequest(request: BoundedRequest): Promise<BoundedAnswer> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)])
  try {
    const response = await fetch(request.url, {
      method: request.method,
      redirect: 'manual',
      signal,
      headers: { accept: 'application/json, application/jose', ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    if (response.status === 0 || (response.status >= 300 && response.status < 400)) throw redirected()
    return {
      status: response.status,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
      mediaType: (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
      text: await boundedText(response, claimantLimits.responseBodyBytesMax, answerTooLarge),
    }
  } catch (error) {
    if (error instanceof ClaimFailure) throw error
    request.signal.throwIfAborted()
    const lasting = lastingProblem(error)
    if (lasting) throw lasting
    throw new UnreachableError(signal.aborted ? `no answer within ${request.timeoutMs} ms` : connectionProblem(error))
  }
}

const answerTooLarge = () =>
  new ClaimFailure('untrusted', 'answer_too_large', { title: 'The answer is larger than any honest one' })

const redirected = () =>
  new ClaimFailure('untrusted', 'redirected', {
    title: 'The issuer’s address redirects elsewhere; a claim is never sent on',
    advice: 'Give the issuer exactly as its discovery document spells it.',
  })

/** Reads seconds only, because a date would need two clocks that agree. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^[0-9]{1,6}$/.test(header) ? Number(header) * 1_000 : undefined
}

/** OpenSSL's names for a certificate whose authority is not known here, as Node has them in `code`. */
const untrustedCodes = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

/** What another try does not change: a certificate that is not trusted, and a proxy that says no. */
function lastingProblem(error: unknown): ClaimFailure | undefined {
  const chain = causesOf(error)
  const untrusted = chain.map(codeOf).find(code => untrustedCodes.includes(code ?? ''))
  if (untrusted !== undefined) {
    return new ClaimFailure('cannot', 'certificate_untrusted', {
      title: 'The certificate of the server, or of a proxy in between, is not from an authority known here',
      detail: untrusted,
      advice: 'Name a file with that authority’s certificate in NODE_EXTRA_CA_CERTS, in `env:` of the step or the job.',
    })
  }
  const refused = chain.some(({ message }) => /proxy/i.test(message) && /\b407\b/.test(message))
  if (!refused) return undefined
  return new ClaimFailure('cannot', 'proxy_refused', {
    title: 'The proxy asks for a user and a password, or for others (407)',
    advice: 'Give them in the proxy’s address: http://user:password@host:port.',
  })
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let one = error; one instanceof Error && chain.length < 5; one = one.cause) chain.push(one)
  return chain
}

const codeOf = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Node has the system's code (`ECONNREFUSED`, …) in the cause. Nothing else of the error is printed. */
function connectionProblem(error: unknown): string {
  const code = causesOf(error)
    .map(codeOf)
    .find(one => one !== undefined && /^[A-Z0-9_]{1,60}$/.test(one))
  return code ?? 'the connection failed'
}
