import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { AppError } from '@forkproof/contracts/errors'
import { problemContentType, problemOf } from './problem.ts'

/** What arrives is not HTTP, its headers are too large, or it came too slowly: no request exists, so the answer is written by hand. */
export function answerBrokenRequest(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = JSON.stringify(
    problemOf(new AppError('invalid_request', { detail: 'the HTTP request is malformed' }), randomUUID()),
  )
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      `Content-Type: ${problemContentType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
