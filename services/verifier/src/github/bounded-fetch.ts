import { GithubFault } from './fault.ts'

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * `fetch` with an end: one timeout over headers and body, a body of at most `bytesMax` bytes (after decompression), and no redirects
 * followed. The answer's body is complete when it resolves. @throws GithubFault
 */
export function boundedFetch(options: { timeoutMs: number; bytesMax: number }): Fetch {
  return async (input, init = {}) => {
    const timeout = AbortSignal.timeout(options.timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    try {
      const response = await fetch(input, { ...init, signal, redirect: 'manual' })
      const body = await readBounded(response, options.bytesMax)
      const headers = new Headers(response.headers)
      // The body is decoded by now; these describe how it travelled.
      headers.delete('content-encoding')
      headers.delete('content-length')
      return new Response(hasNoBody(response.status) ? null : body, { status: response.status, headers })
    } catch (cause) {
      if (cause instanceof GithubFault) throw cause
      if (init.signal?.aborted) throw init.signal.reason
      const text = timeout.aborted ? `no complete answer within ${options.timeoutMs} ms` : 'the connection failed'
      throw new GithubFault('unreachable', text, { cause })
    }
  }
}

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304

async function readBounded(response: Response, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop by an error cancels the stream, and with it the connection.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw new GithubFault('malformed', `an answer of more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
