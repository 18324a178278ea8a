import type { Credentials } from './access/credentials.ts'
import type { Origin } from './access/origin.ts'
import type { RateLimits } from './access/rate-limit.ts'
import type { RequestCounters } from './access/request-counters.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import type { SignedUrls } from './blobs/signed-urls.ts'
import type { DialBoard } from './dials/dials.ts'
import type { Store } from './state/store.ts'

/** The parts that every surface of the simulator shares. */
export interface Simulation {
  readonly store: Store
  readonly dials: DialBoard
  readonly credentials: Credentials
  readonly limits: RateLimits
  readonly counters: RequestCounters
  readonly origin: Origin
  readonly blobs: BlobStore
  readonly signedUrls: SignedUrls
}
