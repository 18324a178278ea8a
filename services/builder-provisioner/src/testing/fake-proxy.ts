import { AppError } from '@forkproof/contracts/errors'
import type { LeaseId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import type { CreateBuilderCa } from '../credentials/builder-ca.ts'
import type { Route } from '../proxy/route.ts'
import type { TlsProxy } from '../proxy/tls-proxy.ts'
import { addressOf, type BuilderEndpoint } from '../state/builder-endpoint.ts'

/** Certificates by name only. A request that says `bad` is refused. */
export const createFakeCa: CreateBuilderCa = async ({ serverName, endsAtMs }) => ({
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

interface FakeRoute {
  readonly serverName: string
  readonly builder: BuilderEndpoint
  readonly allowed: Map<LeaseId, number>
  readonly onChange: (leaseId: LeaseId, connections: number) => void
}

/** A TLS proxy without a port: a test connects and leaves by lease. */
export class FakeTlsProxy implements TlsProxy {
  readonly endpoint = 'tcp://127.0.0.1:8372'
  readonly routes = new Set<FakeRoute>()
  /** Every socket that a lease was ever let through to. */
  readonly served = new Map<LeaseId, Set<string>>()

  open({ ca, builder, onChange }: Parameters<TlsProxy['open']>[0]): Route {
    const open: FakeRoute = { serverName: ca.serverName, builder, allowed: new Map(), onChange }
    this.routes.add(open)
    return {
      allow: leaseId => {
        open.allowed.set(leaseId, 0)
        this.served.set(leaseId, (this.served.get(leaseId) ?? new Set()).add(addressOf(builder)))
      },
      revoke: leaseId => void open.allowed.delete(leaseId),
      connections: leaseId => open.allowed.get(leaseId) ?? 0,
      close: () => void this.routes.delete(open),
    }
  }

  setConnections(leaseId: LeaseId, connections: number): void {
    for (const open of this.routes) {
      if (!open.allowed.has(leaseId)) continue
      open.allowed.set(leaseId, connections)
      open.onChange(leaseId, connections)
    }
  }

  isAllowed = (leaseId: LeaseId): boolean => [...this.routes].some(({ allowed }) => allowed.has(leaseId))

  async close(): Promise<void> {
    this.routes.clear()
  }
}
