import type { Egress, Platform } from '@forkproof/contracts/builder'
import type { LeaseId } from '@forkproof/contracts/ids'
import type { Secret } from '@forkproof/infra/secret'

export interface ClientWish {
  readonly commonName: string
  readonly endsAtMs: number
  readonly certificateRequest?: string
}

export interface ClientCredentials {
  /** PEM. */
  readonly clientCertificate: string
  /** PKCS #8 PEM; absent when the client brought a certificate request. */
  readonly clientKey?: Secret<string>
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string
}

/** One per lease, in memory only: whoever holds a certificate of builder A is a stranger at builder B. */
export interface BuilderCa {
  /** SNI and the only name in the server's certificate. */
  readonly serverName: string
  readonly caCertificate: string
  readonly serverCertificate: string
  readonly serverKey: Secret<string>
  /** `endsAtMs`: the certificate is not valid after that time. @throws AppError certificate_request_invalid */
  issueClient(input: ClientWish): Promise<ClientCredentials>
}

/** `endsAtMs`: no certificate of it is valid after that time. */
export type CreateBuilderCa = (input: { readonly serverName: string; readonly endsAtMs: number }) => Promise<BuilderCa>

/** One builder's place at the front door. Nobody may connect until allowed. */
export interface Opening {
  allow(leaseId: LeaseId, fingerprint: string): void
  /** Cuts the lease's connections; harmless when it has none or was never allowed. */
  revoke(leaseId: LeaseId): void
  connections(leaseId: LeaseId): number
  /** Cuts every connection and forgets the name. Idempotent. */
  close(): void
}

/** The one TLS port of a node: SNI picks the builder, mutual TLS the lease, and bytes are piped to the builder's socket. */
export interface FrontDoor {
  /** `tcp://host:port`, as clients are told. */
  readonly endpoint: string
  open(input: {
    readonly ca: BuilderCa
    readonly socketPath: string
    /** Called with the lease's number of connections whenever it changes. */
    readonly onChange: (leaseId: LeaseId, connections: number) => void
  }): Opening
  close(): Promise<void>
}

/**
 * Resolves when the builder serves and a canary build with a RUN has passed, from inside which nothing forbidden is reachable; in ms.
 * @throws when it does not in time, with the reason for the log
 */
export type CheckReady = (
  builder: { readonly socketPath: string; readonly platform: Platform; readonly egress: Egress },
  signal: AbortSignal,
) => Promise<{ readonly startMs: number; readonly canaryMs: number }>
