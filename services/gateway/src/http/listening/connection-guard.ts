import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerBytes, type BrokenRequest, brokenRequestOf, type DescribeBrokenRequest } from './broken-request.ts'
import { type DrainLimits, drainRequest, drainSocket } from './lingering-close.ts'

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void

interface OpenExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * What stands between Node's HTTP/1 server and a listener's handler, the same for each listener: broken requests
 * get the listener's own form of error, early answers stay readable, and nothing is written into another request's
 * answer.
 */
export class ConnectionGuard {
  readonly #describe: DescribeBrokenRequest
  readonly #limits: DrainLimits
  /** Requests of a connection whose answer is not out yet. */
  readonly #open = new WeakMap<Socket, Set<OpenExchange>>()
  /** Connections that have got their last answer. */
  readonly #ended = new WeakSet<Socket>()

  constructor(describe: DescribeBrokenRequest, limits: DrainLimits) {
    this.#describe = describe
    this.#limits = limits
  }

  /** For the server's `request` event. The server must leave the check of Host to it (`requireHostHeader: false`). */
  guarded(handler: HttpHandler): HttpHandler {
    return (request, response) => {
      if (!this.#begin(request, response)) return
      const needsHost = request.httpVersion === '1.1'
      if (needsHost && request.headers.host === undefined) this.#refuse(response, 'no_host')
      else handler(request, response)
    }
  }

  /** For `checkExpectation`: an `Expect` that is not `100-continue`. */
  readonly refuseExpectation: HttpHandler = (request, response) => {
    if (this.#begin(request, response)) this.#refuse(response, 'expectation')
  }

  /** For `clientError`: what arrives is not HTTP, its headers are too large, or it comes too slowly. */
  readonly answerBrokenRequest = ({ code }: { readonly code?: string }, socket: Socket): void => {
    if (code === 'ECONNRESET' || socket.destroyed || this.#ended.has(socket)) return
    const open = [...(this.#open.get(socket) ?? [])]
    if (!socket.writable || wouldMixAnswers(open)) {
      socket.destroy()
      return
    }
    this.#ended.add(socket)
    drainSocket(socket, this.#limits)
    const broken = brokenRequestOf(code)
    if (open[0]) this.#refuse(open[0].response, broken)
    else socket.end(answerBytes(this.#describe(broken)))
  }

  #begin(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request
    if (this.#ended.has(socket)) return false
    const open = this.#open.get(socket) ?? new Set()
    this.#open.set(socket, open)
    const exchange = { request, response }
    open.add(exchange)
    const done = () => open.delete(exchange)
    response.once('close', () => (bodyIsOut(request) ? done() : request.once('close', done)))
    // Before Node closes the connection or lets the rest of the body through unbounded.
    response.once('prefinish', () => {
      if (!bodyIsOut(request) && !this.#ended.has(socket)) this.#drain(exchange, socket)
    })
    return true
  }

  #drain({ request, response }: OpenExchange, socket: Socket): void {
    if (!request.destroyed) {
      drainRequest(request, socket, this.#limits)
      return
    }
    // The handler gave the body up, so its end will not be seen: this answer is the last of the connection.
    this.#ended.add(socket)
    drainSocket(socket, this.#limits)
    response.once('close', () => socket.end())
  }

  #refuse(response: ServerResponse, broken: BrokenRequest): void {
    const { status, contentType, body } = this.#describe(broken)
    const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(body), connection: 'close' }
    response.writeHead(Number.parseInt(status, 10), headers).end(body)
  }
}

/** An error's answer would be taken for that of an earlier request, or stand in the middle of it. */
function wouldMixAnswers([only, ...others]: readonly OpenExchange[]): boolean {
  return only !== undefined && (others.length > 0 || only.request.complete || only.response.headersSent)
}

/** Nothing more of the request comes. */
const bodyIsOut = ({ headers, complete }: IncomingMessage): boolean =>
  complete || (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0')
