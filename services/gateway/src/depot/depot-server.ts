import { createServer as createHttp2Server, type Http2Session } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createGuardedServer } from '../http/listening/guarded-server.ts'
import { SecuredHttp2Response } from '../http/security-headers.ts'
import { addressKey } from '../throttling/address-key.ts'
import { clientAddresses } from './client-address.ts'
import { describeAsConnectError } from './connect-errors.ts'
import { type DepotDeps, type DepotHandler, depotHandler } from './depot-handler.ts'
import { type DepotBounds, depotLimits } from './limits.ts'

interface DepotServer {
  /** @returns its address, such as `http://127.0.0.1:8081` */
  listen(at: { host: string; port: number }): Promise<string>
  close(): Promise<void>
}

/**
 * One plain port for HTTP/2 with prior knowledge, which is what the client speaks to an `http://` address
 * (docs/facts/depot.md#transport), and for HTTP/1.1, which is what proxies speak: the first bytes tell them apart.
 */
export function createDepotServer(
  deps: DepotDeps,
  trustedProxies: readonly string[],
  bounds: DepotBounds = depotLimits,
): DepotServer {
  const stopping = new AbortController()
  const addresses = clientAddresses(trustedProxies)
  const handler = depotHandler(deps, { addresses, stopping: stopping.signal, callMsMax: bounds.callMsMax })
  const http1 = http1Server(handler, bounds)
  const http2 = http2Server(handler)
  const sessions = new Set<Http2Session>()
  http2.on('session', session => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(depotLimits.idleMsMax, () => session.destroy())
  })
  const sockets = new CountedSockets(bounds.connectionsPerAddressMax, address => addresses.isTrusted(address))
  const server = createServer(socket => {
    if (!sockets.accept(socket)) return
    onFirstBytes(socket, bounds.firstBytesMsMax, isHttp2 => {
      ;(isHttp2 ? http2 : http1).emit('connection', socket)
      // A session of HTTP/2 takes the first bytes out by itself.
      if (!isHttp2) socket.resume()
    })
  })
  server.maxConnections = depotLimits.connectionsMax
  return {
    listen: async ({ host, port }) => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port }, resolve)
      })
      const { port: taken } = server.address() as AddressInfo
      return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`
    },
    close: async () => {
      stopping.abort()
      for (const session of sessions) session.close()
      const closed = new Promise(resolve => server.close(resolve))
      const timer = setTimeout(() => sockets.destroyAll(), depotLimits.stopMsMax)
      await closed
      clearTimeout(timer)
    },
  }
}

const http1Server = (handler: DepotHandler, { firstBytesMsMax }: DepotBounds) => {
  const server = createGuardedServer(handler, {
    describe: describeAsConnectError,
    drain: depotLimits,
    node: { maxHeaderSize: depotLimits.headerBytesMax },
  })
  // A server that does not listen itself has no timers for slow headers. So each connection has one request, and
  // its header one bound.
  server.maxRequestsPerSocket = 1
  server.prependListener('request', ({ socket }, response) => {
    socket.emit('header-complete')
    // Said to the client because of the line above; without this Node would still wait for another request.
    response.shouldKeepAlive = false
  })
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), firstBytesMsMax)
    for (const event of ['header-complete', 'close']) socket.once(event, () => clearTimeout(timer))
  })
  return server
}

const http2Server = (handler: DepotHandler) =>
  createHttp2Server(
    {
      maxHeaderListPairs: depotLimits.headerPairsMax,
      maxSessionMemory: 8,
      Http2ServerResponse: SecuredHttp2Response,
      settings: {
        maxConcurrentStreams: depotLimits.streamsPerConnectionMax,
        maxHeaderListSize: depotLimits.headerBytesMax,
      },
    },
    handler,
  )

/** RFC 9113 section 3.4. */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

function onFirstBytes(socket: Socket, waitMsMax: number, hand: (isHttp2: boolean) => void): void {
  const timer = setTimeout(() => socket.destroy(), waitMsMax)
  let first = Buffer.alloc(0)
  const read = (chunk: Buffer) => {
    first = Buffer.concat([first, chunk])
    const known = first.subarray(0, http2Preface.length)
    const maybeHttp2 = known.equals(http2Preface.subarray(0, known.length))
    if (maybeHttp2 && known.length < http2Preface.length) return
    clearTimeout(timer)
    socket.off('data', read)
    socket.pause()
    socket.unshift(first)
    hand(maybeHttp2)
  }
  socket.on('error', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
  socket.on('data', read)
}

/** How many connections an address has; a trusted proxy has as many as it needs. */
class CountedSockets {
  readonly #open = new Set<Socket>()
  readonly #ofAddress = new Map<string, number>()
  readonly #perAddressMax: number
  readonly #isTrusted: (address: string | undefined) => boolean

  constructor(perAddressMax: number, isTrusted: (address: string | undefined) => boolean) {
    this.#perAddressMax = perAddressMax
    this.#isTrusted = isTrusted
  }

  /** A connection beyond the limit is cut at once. */
  accept(socket: Socket): boolean {
    const key = addressKey(socket.remoteAddress ?? '')
    const open = this.#ofAddress.get(key) ?? 0
    if (open >= this.#perAddressMax && !this.#isTrusted(socket.remoteAddress)) {
      socket.destroy()
      return false
    }
    this.#open.add(socket)
    this.#ofAddress.set(key, open + 1)
    socket.once('close', () => {
      this.#open.delete(socket)
      const left = (this.#ofAddress.get(key) ?? 1) - 1
      if (left > 0) this.#ofAddress.set(key, left)
      else this.#ofAddress.delete(key)
    })
    return true
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
