import type { BuilderConnection } from '@forkproof/contracts/builder'
import type { LeaseId } from '@forkproof/contracts/ids'
import { seal } from '@forkproof/infra/seal'
import { type Builder, serverNameOf } from '../builders/builder.ts'
import type { CreateBuilderCa } from '../credentials/builder-ca.ts'
import type { Route } from '../proxy/route.ts'
import type { TlsProxy } from '../proxy/tls-proxy.ts'
import type { LiveLease } from '../state/lease-record.ts'

export interface ConnectLeaseDeps {
  readonly createCa: CreateBuilderCa
  readonly door: TlsProxy
  readonly onConnections: (leaseId: LeaseId, connections: number) => void
}

/**
 * Makes the lease's own certificates and place at the door. A CA per lease and not only per builder: leases of a project's builder then are
 * strangers to each other too. No client's certificate outlives its lease. @throws AppError certificate_request_invalid
 */
export async function connectLease(
  lease: LiveLease,
  builder: Builder,
  { createCa, door, onConnections }: ConnectLeaseDeps,
): Promise<{ connection: BuilderConnection; open: () => Route }> {
  const { leaseId, wish } = lease
  const endsAtMs = wish.leaseEndsAtMs
  const { running, record } = builder
  if (!running) throw new Error('the builder does not run')
  const prepared = builder.preparedCa
  delete builder.preparedCa
  const ca = await (prepared ?? createCa({ serverName: serverNameOf(record.builderId, leaseId), endsAtMs }))
  const client = await ca.issueClient({
    commonName: leaseId,
    endsAtMs,
    ...(wish.certificateRequest !== undefined && { certificateRequest: wish.certificateRequest }),
  })
  const sealedClientKey = client.clientKey && (await seal(client.clientKey, wish.sealKey, 'application/x-pem-file'))
  return {
    connection: {
      endpoint: door.endpoint,
      serverName: ca.serverName,
      caCertificate: ca.caCertificate,
      clientCertificate: client.clientCertificate,
      ...(sealedClientKey !== undefined && { sealedClientKey }),
    },
    open: () => {
      const opening = door.open({ ca, builder: running.endpoint, onChange: onConnections })
      opening.allow(leaseId, client.fingerprint)
      return opening
    },
  }
}
