import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** What of an answered request is still read, and thrown away, before its connection is cut. */
export interface DrainLimits {
  readonly drainBytesMax: number
  readonly drainMsMax: number
}

/**
 * Reads on after an answer that did not wait for the request's body. A socket that is closed with unread bytes
 * resets the connection, and the client, which may write its whole body before it reads, loses the answer. The
 * answer goes out at once; what follows is thrown away up to the limits. Then the connection can be used again, or
 * closes if the answer said so.
 */
export function drainRequest(request: IncomingMessage, socket: Socket, limits: DrainLimits): void {
  const cut = cutBeyond(socket, limits)
  let closes = false
  // Node calls this once the last answer of a connection is out.
  const { destroySoon } = socket
  socket.destroySoon = () => {
    closes = true
    socket.end()
  }
  const over = () => {
    cut.stop()
    socket.destroySoon = destroySoon
    if (closes) socket.destroySoon()
  }
  request.on('data', cut.count)
  // Whichever comes first: the body's end, or the client goes away.
  request.once('end', over)
  request.once('close', over)
  request.resume()
}

/** The same for a connection that carries no readable HTTP any more, while its last answer goes out. */
export function drainSocket(socket: Socket, limits: DrainLimits): void {
  const cut = cutBeyond(socket, limits)
  socket.destroySoon = () => socket.end()
  // The HTTP parser gets nothing any more: it would stop the reading when no handler takes the body.
  socket.removeAllListeners('data')
  socket.on('data', cut.count)
  socket.once('end', () => socket.destroy())
  socket.once('close', cut.stop)
  socket.resume()
}

function cutBeyond(socket: Socket, { drainBytesMax, drainMsMax }: DrainLimits) {
  const timer = setTimeout(() => socket.destroy(), drainMsMax)
  let bytes = 0
  return {
    count: (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > drainBytesMax) socket.destroy()
    },
    stop: (): void => clearTimeout(timer),
  }
}
