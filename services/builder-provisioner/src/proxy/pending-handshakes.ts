import type { Socket } from 'node:net'

interface PendingHandshake {
  readonly socket: Socket
  readonly timer: NodeJS.Timeout
}

/**
 * Connections that have not shown who they are yet, oldest first. Each has a deadline, and their number has a limit.
 */
export class PendingHandshakes {
  readonly #pending = new Map<string, PendingHandshake>()
  readonly #handshakeMsMax: number
  readonly #countMax: number

  constructor(limits: { handshakeMsMax: number; pendingHandshakesMax: number }) {
    this.#handshakeMsMax = limits.handshakeMsMax
    this.#countMax = limits.pendingHandshakesMax
  }

  get count(): number {
    return this.#pending.size
  }

  add(socket: Socket): void {
    const [oldest] = this.#pending.values()
    if (oldest && this.#pending.size >= this.#countMax) {
      this.#forget(oldest.socket)
      oldest.socket.destroy()
    }
    const timer = setTimeout(() => socket.destroy(), this.#handshakeMsMax)
    const pending = { socket, timer }
    const key = peerOf(socket)
    this.#pending.set(key, pending)
    socket.once('close', () => {
      clearTimeout(timer)
      if (this.#pending.get(key) === pending) this.#pending.delete(key)
    })
  }

  /** The handshake of this connection is over. Also takes the TLS socket around the one that was added. */
  finish(socket: Socket): void {
    this.#forget(socket)
  }

  #forget(socket: Socket): void {
    const key = peerOf(socket)
    clearTimeout(this.#pending.get(key)?.timer)
    this.#pending.delete(key)
  }
}

/** A TLS socket does not tell which socket it wraps; the other end's address and port are one connection's only. */
const peerOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`
