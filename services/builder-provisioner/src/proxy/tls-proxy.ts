import { constants } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { LeaseId } from '@forkproof/contracts/ids'
import type { Logger } from '@forkproof/infra/log'
import type { BuilderCa } from '../credentials/builder-ca.ts'
import type { BuilderEndpoint } from '../state/builder-endpoint.ts'
import { PendingHandshakes } from './pending-handshakes.ts'
import { type ProxyLimits, proxyLimits } from './proxy-limits.ts'
import { BuilderRoute, type Route } from './route.ts'

/**
 * The one TLS port of a node. SNI picks the builder, mutual TLS the lease, and bytes are piped to the builder.
 * docs/glossary.md: TLS proxy.
 */
export interface TlsProxy {
  /** `tcp://host:port`, as clients are told. */
  readonly endpoint: string
  open(input: {
    readonly ca: BuilderCa
    readonly builder: BuilderEndpoint
    /** Called with the lease's number of connections whenever it changes. */
    readonly onChange: (leaseId: LeaseId, connections: number) => void
  }): Route
  close(): Promise<void>
}

interface TlsProxyOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** host:port that clients are told, where it differs from what is listened on. */
  readonly publicAddress?: string | undefined
  readonly log: Logger
  readonly limits?: Partial<ProxyLimits>
}

/**
 * A client that names protocols must name HTTP/2, so that no client of another protocol can be led to connect here (RFC
 * 7301). A client that names none is let in: buildx dials TLS for its remote driver that way, while buildctl and depot
 * name it.
 */
const protocol = 'h2'

/** Listens at once. @throws when the port cannot be had */
export async function openTlsProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const proxy = new NodeTlsProxy({ ...options, limits: { ...proxyLimits, ...options.limits } })
  await proxy.listen(options.listen)
  return proxy
}

class NodeTlsProxy implements TlsProxy {
  readonly #routes = new Map<string, BuilderRoute>()
  readonly #connections = new Set<Socket>()
  readonly #pending: PendingHandshakes
  readonly #limits: ProxyLimits
  readonly #log: Logger
  readonly #publicAddress: string | undefined
  readonly #listener: Server
  readonly #tls: TlsServer
  #endpoint = ''

  constructor({ limits, log, publicAddress }: TlsProxyOptions & { limits: ProxyLimits }) {
    this.#limits = limits
    this.#log = log
    this.#publicAddress = publicAddress
    this.#pending = new PendingHandshakes(limits)
    this.#tls = this.#createTls()
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: limits.keepAliveMs }
    // A listener of our own in front: it counts connections from their first byte on, which a TLS server does not.
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true, ...keepAlive }, raw => this.#admit(raw))
    this.#listener.on('error', err => log.warn({ err }, 'the TLS proxy could not take a connection'))
  }

  get endpoint(): string {
    return this.#endpoint
  }

  listen({ host, port }: TlsProxyOptions['listen']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen({ host, port }, () => {
        this.#listener.off('error', reject)
        const { port: bound } = this.#listener.address() as AddressInfo
        const shownHost = host.includes(':') ? `[${host}]` : host
        this.#endpoint = `tcp://${this.#publicAddress ?? `${shownHost}:${bound}`}`
        resolve()
      })
    })
  }

  open(input: Parameters<TlsProxy['open']>[0]): Route {
    const name = input.ca.serverName.toLowerCase()
    if (this.#routes.has(name)) throw new Error(`${name} is open already`)
    const onClose = () => this.#routes.delete(name)
    const route = new BuilderRoute({ ...input, endpoint: input.builder, onClose, limits: this.#limits })
    this.#routes.set(name, route)
    return route
  }

  close(): Promise<void> {
    for (const route of [...this.#routes.values()]) route.close()
    for (const raw of this.#connections) raw.destroy()
    return new Promise(resolve => this.#listener.close(() => resolve()))
  }

  #createTls(): TlsServer {
    const server = createTlsServer({
      allowHalfOpen: true,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [protocol],
      // Resumption would carry a proof of identity from one handshake into another: each connection brings its own.
      secureOptions: constants.SSL_OP_NO_TICKET,
      // This server has no certificate of its own, so that a client that names no builder cannot finish a handshake.
      SNICallback: (name, use) => {
        const route = this.#routes.get(name.toLowerCase())
        use(route ? null : new Error('no such builder'), route?.context)
      },
    })
    server.on('tlsClientError', (err, socket) => {
      const reason = socket.authorizationError ? String(socket.authorizationError) : 'handshake_failed'
      this.#log.debug({ err, reason }, 'a connection was refused')
      socket.destroy()
    })
    server.on('secureConnection', socket => this.#route(socket))
    return server
  }

  #admit(raw: Socket): void {
    raw.on('error', () => {})
    if (this.#connections.size >= this.#limits.connectionsMax + this.#limits.pendingHandshakesMax) {
      raw.destroy()
      return
    }
    this.#connections.add(raw)
    raw.once('close', () => this.#connections.delete(raw))
    this.#pending.add(raw)
    this.#tls.emit('connection', raw)
  }

  #route(socket: TLSSocket): void {
    socket.on('error', () => {})
    this.#pending.finish(socket)
    const refusal = this.#refusal(socket)
    if (refusal === undefined) return
    this.#log.debug({ reason: refusal }, 'a connection was refused')
    socket.destroy()
  }

  #refusal(socket: TLSSocket): string | undefined {
    if (this.#connections.size - this.#pending.count > this.#limits.connectionsMax) return 'proxy_full'
    const name = 'servername' in socket && typeof socket.servername === 'string' ? socket.servername : ''
    const route = this.#routes.get(name.toLowerCase())
    if (!route) return 'no_such_builder'
    const certificate = socket.getPeerX509Certificate()
    // Node has compared it with the authority of the name's context by now; without one there would be no connection.
    if (!socket.authorized || !certificate) return 'certificate_not_allowed'
    return route.serve(socket, certificate.fingerprint256.replaceAll(':', '').toLowerCase())
  }
}
