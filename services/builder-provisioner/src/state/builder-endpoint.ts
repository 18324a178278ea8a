import type { NetConnectOpts } from 'node:net'

/**
 * Where BuildKit's API of a builder listens, without TLS: only this process may reach it.
 * A driver for other machines adds its kind here; the switches below then lack a return and do not compile until
 * they know it. (`satisfies never` in a `default` cannot say this: it needs at least two kinds.)
 */
export type BuilderEndpoint = UnixEndpoint

export interface UnixEndpoint {
  readonly kind: 'unix'
  readonly path: string
}

export const unixEndpoint = (path: string): UnixEndpoint => ({ kind: 'unix', path })

/** For `net.connect`. */
export function connectOptionsOf(endpoint: BuilderEndpoint): NetConnectOpts {
  switch (endpoint.kind) {
    case 'unix':
      return { path: endpoint.path }
  }
}

/** As gRPC clients and `buildctl --addr` name it (https://github.com/grpc/grpc/blob/master/doc/naming.md). */
export function addressOf(endpoint: BuilderEndpoint): string {
  switch (endpoint.kind) {
    case 'unix':
      return `unix://${endpoint.path}`
  }
}
