import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { LeaseId } from '@forkproof/contracts/ids'
import type { BuilderCa, Opening } from '../ports.ts'
import type { DoorLimits } from './door-limits.ts'
import { pipeToBuilder } from './pipe-to-builder.ts'

interface Inputs {
  readonly ca: BuilderCa
  readonly socketPath: string
  readonly onChange: (leaseId: LeaseId, connections: number) => void
  readonly onClose: () => void
  readonly limits: DoorLimits
}
interface Allowed {
  readonly leaseId: LeaseId
  readonly fingerprint: string
  readonly sockets: Set<TLSSocket>
}

export type Refusal = 'opening_closed' | 'certificate_not_allowed' | 'too_many_connections' | 'connection_gone'

/** One builder behind the door: its own TLS identity, and who may come in now. */
export class BuilderOpening implements Opening {
  readonly context: SecureContext
  readonly #inputs: Inputs
  readonly #allowed = new Map<LeaseId, Allowed>()
  #closed = false

  constructor(inputs: Inputs) {
    const { ca } = inputs
    this.#inputs = inputs
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
    this.#inputs.onClose()
  }

  /** Takes over a client whose certificate this builder's authority has signed, or says why not. `fingerprint` as in `allow`. */
  serve(client: TLSSocket, fingerprint: string): Refusal | undefined {
    if (this.#closed) return 'opening_closed'
    if (client.destroyed) return 'connection_gone'
    const allowed = [...this.#allowed.values()].find(one => one.fingerprint === fingerprint)
    if (!allowed) return 'certificate_not_allowed'
    const { limits, onChange, socketPath } = this.#inputs
    if (allowed.sockets.size >= limits.connectionsPerLeaseMax) return 'too_many_connections'
    allowed.sockets.add(client)
    onChange(allowed.leaseId, allowed.sockets.size)
    client.once('close', () => {
      allowed.sockets.delete(client)
      onChange(allowed.leaseId, allowed.sockets.size)
    })
    pipeToBuilder(client, socketPath, limits.halfOpenMsMax)
    return undefined
  }
}
