import { Client, Connection } from '@temporalio/client'
import type { Lifecycle } from './lifecycle.ts'

export interface TemporalOptions {
  readonly address: string
  readonly namespace: string
}

/**
 * Connects lazily: a server that is down is an error of the call, not of the start. It is a file apart from
 * temporal.ts, so that programs that only call do not load the worker's native core.
 */
export function connectTemporal(options: TemporalOptions, lifecycle: Lifecycle): Client {
  const connection = Connection.lazy({ address: options.address, connectTimeout: 3_000 })
  lifecycle.add('temporal client', () => connection.close())
  return new Client({ connection, namespace: options.namespace })
}
