import { type IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'

/** For every answer: a browser must not show, guess at or keep it. Public documents set `cache-control` anew. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

const setOn = (response: { setHeader(name: string, value: string): unknown }) => {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
}

/** Carries the headers from its start, so that an answer which Node makes by itself has them too. */
export class SecuredResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  constructor(...given: ConstructorParameters<typeof ServerResponse<Request>>) {
    super(...given)
    setOn(this)
  }
}

/** The same for HTTP/2. */
export class SecuredHttp2Response extends Http2ServerResponse {
  constructor(stream: ServerHttp2Stream) {
    super(stream)
    setOn(this)
  }
}
