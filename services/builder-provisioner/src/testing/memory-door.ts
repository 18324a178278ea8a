import { AppError } from '@forkproof/contracts/errors'
import type { LeaseId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import type { CreateBuilderCa, FrontDoor, Opening } from '../ports.ts'

/** Certificates by name only. A request that says `bad` is refused. */
export const memoryCa: CreateBuilderCa = async ({ serverName, endsAtMs }) => ({
  serverName,
  caCertificate: `CA of ${serverName} until ${endsAtMs}`,
  serverCertificate: 'server',
  serverKey: new Secret('server key'),
  issueClient: async ({ certificateRequest, commonName, endsAtMs: leaseEndsAtMs }) => {
    if (certificateRequest?.includes('bad')) throw new AppError('certificate_request_invalid', { detail: 'no' })
    return {
      clientCertificate: `client ${commonName} until ${leaseEndsAtMs}`,
      fingerprint: `fingerprint of ${commonName}`,
      ...(certificateRequest === undefined && { clientKey: new Secret(`key of ${commonName}`) }),
    }
  },
})

interface Open {
  readonly serverName: string
  readonly socketPath: string
  readonly allowed: Map<LeaseId, number>
  readonly onChange: (leaseId: LeaseId, connections: number) => void
}

/** A door without a port: a test connects and leaves by lease. */
export class MemoryDoor implements FrontDoor {
  readonly endpoint = 'tcp://127.0.0.1:8372'
  readonly openings = new Set<Open>()
  /** Every socket that a lease was ever let through to. */
  readonly served = new Map<LeaseId, Set<string>>()

  open({ ca, socketPath, onChange }: Parameters<FrontDoor['open']>[0]): Opening {
    const open: Open = { serverName: ca.serverName, socketPath, allowed: new Map(), onChange }
    this.openings.add(open)
    return {
      allow: leaseId => {
        open.allowed.set(leaseId, 0)
        this.served.set(leaseId, (this.served.get(leaseId) ?? new Set()).add(socketPath))
      },
      revoke: leaseId => void open.allowed.delete(leaseId),
      connections: leaseId => open.allowed.get(leaseId) ?? 0,
      close: () => void this.openings.delete(open),
    }
  }

  setConnections(leaseId: LeaseId, connections: number): void {
    for (const open of this.openings) {
      if (!open.allowed.has(leaseId)) continue
      open.allowed.set(leaseId, connections)
      open.onChange(leaseId, connections)
    }
  }

  isAllowed = (leaseId: LeaseId): boolean => [...this.openings].some(({ allowed }) => allowed.has(leaseId))

  async close(): Promise<void> {
    this.openings.clear()
  }
}
