import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** Connects to the port of a base address; the connection ends with the test. */
export async function rawConnection(baseUrl: string, { allowHalfOpen = false } = {}): Promise<Socket> {
  const socket = connect({ port: Number(new URL(baseUrl).port), host: '127.0.0.1', allowHalfOpen })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

interface WriteFirst {
  /** Request line and header lines. */
  readonly head: readonly string[]
  readonly body: string
  readonly chunked?: boolean
  /** The body goes out in so many pieces, with a pause between them. */
  readonly pieces?: number
  readonly pauseMs?: number
}

/**
 * Sends the whole request and reads nothing before that, as simple clients do. @returns all that came; rejects
 * when a write or read fails
 */
export async function writeThenRead(baseUrl: string, request: WriteFirst): Promise<string> {
  const { head, body, chunked = false, pieces = 1, pauseMs = 0 } = request
  const socket = await rawConnection(baseUrl)
  const failed = once(socket, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => undefined)
  socket.pause()
  const write = (text: string) =>
    Promise.race([failed, new Promise<void>(resolve => socket.write(text, 'latin1', () => resolve()))])
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}`
  await write([...head, 'Host: x', length, '', ''].join('\r\n'))
  const step = Math.ceil(body.length / pieces)
  for (let at = 0; at < body.length; at += step) {
    const piece = body.slice(at, at + step)
    await write(chunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece)
    if (pauseMs > 0) await sleep(pauseMs)
  }
  if (chunked) await write('0\r\n\r\n')
  return Promise.race([failed, readToEnd(socket)])
}

async function readToEnd(socket: Socket): Promise<string> {
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk.toString('latin1')
  })
  socket.resume()
  await once(socket, 'end')
  return answer
}
