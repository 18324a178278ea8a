import type { BuilderConnection } from '@forkproof/contracts/builder'
import type { LeaseId } from '@forkproof/contracts/ids'
import { seal } from '@forkproof/infra/seal'
import type { Builder } from '../builders/builder.ts'
import { serverNameOf } from '../builders/builder-names.ts'
import type { BuilderPool } from '../builders/builder-pool.ts'
import type { CreateBuilderCa } from '../credentials/builder-ca.ts'
import type { Route } from '../proxy/route.ts'
import type { TlsProxy } from '../proxy/tls-proxy.ts'
import type { LiveLease } from '../state/lease-record.ts'

export interface ConnectLeaseDeps {
  readonly pool: Pick<BuilderPool, 'takePreparedCa'>
  readonly createCa: CreateBuilderCa
  readonly proxy: TlsProxy
  readonly onConnections: (leaseId: LeaseId, connections: number) => void
}

/**
 * Makes the lease's own certificates and its route through the TLS proxy. No client's certificate outlives its lease.
 * Each lease has a CA of its own, not only each builder, so that leases of a project's builder cannot use each other's
 * certificates.
 * @throws AppError certificate_request_invalid
 */
export async function connectLease(
  lease: LiveLease,
  { running, record: { builderId } }: Builder,
  { pool, createCa, proxy, onConnections }: ConnectLeaseDeps,
): Promise<{ connection: BuilderConnection; open: () => Route }> {
  const { leaseId, wish: request } = lease
  const endsAtMs = request.leaseEndsAtMs
  if (!running) throw new Error('the builder does not run')
  const prepared = pool.takePreparedCa(builderId)
  const ca = await (prepared ?? createCa({ serverName: serverNameOf(builderId, leaseId), endsAtMs }))
  const client = await ca.issueClient({
    commonName: leaseId,
    endsAtMs,
    ...(request.certificateRequest !== undefined && { certificateRequest: request.certificateRequest }),
  })
  const sealedClientKey = client.clientKey && (await seal(client.clientKey, request.sealKey, 'application/x-pem-file'))
  return {
    connection: {
      endpoint: proxy.endpoint,
      serverName: ca.serverName,
      caCertificate: ca.caCertificate,
      clientCertificate: client.clientCertificate,
      ...(sealedClientKey !== undefined && { sealedClientKey }),
    },
    open: () => {
      const route = proxy.open({ ca, builder: running.endpoint, onChange: onConnections })
      route.allow(leaseId, client.fingerprint)
      return route
    },
  }
}
