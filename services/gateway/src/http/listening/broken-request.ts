import { randomUUID } from 'node:crypto'
import { AppError } from '@forkproof/contracts/errors'
import { problemContentType, problemDocumentOf } from '../problem-document.ts'
import { securityHeaders } from '../security-headers.ts'

/** What is wrong with a request that no route ever sees. */
export type BrokenRequest = 'malformed' | 'headers_too_large' | 'too_slow' | 'no_host' | 'expectation'

interface BrokenRequestAnswer {
  readonly status: string
  readonly contentType: string
  readonly body: string
}

/** How a listener words its answer to a broken request. */
export type DescribeBrokenRequest = (broken: BrokenRequest) => BrokenRequestAnswer

export const brokenRequestTexts: Readonly<Record<BrokenRequest, string>> = {
  malformed: 'the HTTP request is malformed',
  headers_too_large: 'the headers of the HTTP request are too large',
  too_slow: 'the HTTP request came too slowly',
  no_host: 'the HTTP request names no host',
  expectation: 'the HTTP request expects what is not offered',
}

/** Codes of Node's `clientError` event (nodejs.org/api/http.html#event-clienterror); every other one is `malformed`. */
const brokenRequests: Readonly<Record<string, BrokenRequest>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'too_slow',
}

export const brokenRequestOf = (code: string | undefined): BrokenRequest => brokenRequests[code ?? ''] ?? 'malformed'

/** RFC 9110 section 15.5.18 has a status for the one; everything else is 400. */
export const brokenRequestStatus = (broken: BrokenRequest): string =>
  broken === 'expectation' ? '417 Expectation Failed' : '400 Bad Request'

/** The problem document (RFC 9457) of a broken request. */
export const describeAsProblem: DescribeBrokenRequest = broken => ({
  status: brokenRequestStatus(broken),
  contentType: problemContentType,
  body: JSON.stringify(
    problemDocumentOf(new AppError('invalid_request', { detail: brokenRequestTexts[broken] }), randomUUID()),
  ),
})

/** The bytes of the answer, after which the connection closes. No request exists, so they are written by hand. */
export function answerBytes({ status, contentType, body }: BrokenRequestAnswer): string {
  const headers = {
    ...securityHeaders,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status}`, ...lines, '', body].join('\r\n')
}
