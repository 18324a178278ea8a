import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { LeaseId } from '@forkproof/contracts/ids'
import type { BuilderCa } from '../credentials/builder-ca.ts'
import type { BuilderEndpoint } from '../state/builder-endpoint.ts'
import { pipeToBuilder } from './pipe-to-builder.ts'
import type { ProxyLimits } from './proxy-limits.ts'

/**
 * One lease's way through the TLS proxy to its builder. No client may connect until it is allowed.
 * docs/glossary.md: route.
 */
export interface Route {
  allow(leaseId: LeaseId, fingerprint: string): void
  /** Cuts the lease's connections; harmless when it has none or was never allowed. */
  revoke(leaseId: LeaseId): void
  connections(leaseId: LeaseId): number
  /** Cuts every connection and forgets the name. Idempotent. */
  close(): void
}

interface RouteOptions {
  readonly ca: BuilderCa
  readonly endpoint: BuilderEndpoint
  readonly onChange: (leaseId: LeaseId, connections: number) => void
  readonly onClose: () => void
  readonly limits: ProxyLimits
}
interface AllowedClient {
  readonly leaseId: LeaseId
  readonly fingerprint: string
  readonly sockets: Set<TLSSocket>
}

type RouteRefusal = 'route_closed' | 'certificate_not_allowed' | 'too_many_connections' | 'connection_gone'

/** A route's own TLS identity, and the clients that may connect now. */
export class BuilderRoute implements Route {
  readonly context: SecureContext
  readonly #options: RouteOptions
  readonly #allowed = new Map<LeaseId, AllowedClient>()
  #closed = false

  constructor(options: RouteOptions) {
    const { ca } = options
    this.#options = options
    // The only authority that is asked about a client is this builder's: without `ca` it would be every public one.
    this.context = createSecureContext({
      ca: ca.caCertificate,
      cert: ca.serverCertificate,
      key: ca.serverKey.reveal(),
      minVersion: 'TLSv1.3',
      secureOptions: constants.SSL_OP_NO_TICKET,
    })
  }

  allow(leaseId: LeaseId, fingerprint: string): void {
    if (this.#closed || this.#allowed.get(leaseId)?.fingerprint === fingerprint) return
    this.revoke(leaseId)
    this.#allowed.set(leaseId, { leaseId, fingerprint, sockets: new Set() })
  }

  revoke(leaseId: LeaseId): void {
    const allowed = this.#allowed.get(leaseId)
    this.#allowed.delete(leaseId)
    for (const socket of allowed?.sockets ?? []) socket.destroy()
  }

  connections(leaseId: LeaseId): number {
    return this.#allowed.get(leaseId)?.sockets.size ?? 0
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const leaseId of [...this.#allowed.keys()]) this.revoke(leaseId)
    this.#options.onClose()
  }

  /**
   * Takes over a client whose certificate this builder's authority has signed, or says why not. `fingerprint` is as in
   * `allow`.
   */
  serve(client: TLSSocket, fingerprint: string): RouteRefusal | undefined {
    if (this.#closed) return 'route_closed'
    if (client.destroyed) return 'connection_gone'
    const allowed = [...this.#allowed.values()].find(one => one.fingerprint === fingerprint)
    if (!allowed) return 'certificate_not_allowed'
    const { limits, onChange, endpoint } = this.#options
    if (allowed.sockets.size >= limits.connectionsPerLeaseMax) return 'too_many_connections'
    allowed.sockets.add(client)
    onChange(allowed.leaseId, allowed.sockets.size)
    client.once('close', () => {
      allowed.sockets.delete(client)
      onChange(allowed.leaseId, allowed.sockets.size)
    })
    pipeToBuilder(client, endpoint, limits.halfOpenMsMax)
    return undefined
  }
}
