import type { BuilderLossReason } from '@forkproof/contracts/builder'
import type { Failure } from './failure.ts'

/** How a builder stands. Only the builder pool changes it. */
export type BuilderStatus =
  | { readonly phase: 'starting' }
  | { readonly phase: 'ready' }
  /** It could not be created. */
  | { readonly phase: 'failed'; readonly failure: Failure }
  /** It ended without us, or this process cannot use it. */
  | { readonly phase: 'lost'; readonly lossReason: BuilderLossReason }
  | { readonly phase: 'destroying' }
  /** Destroying it left something; it is tried again at `retryAtMs`. */
  | { readonly phase: 'stuck'; readonly teardown: { readonly beganAtMs: number; readonly retryAtMs: number } }
  /** Nothing of it is left; its leases take their receipt from it. */
  | { readonly phase: 'gone' }

/** The attempts to destroy a builder: when they began, and what the last one left. */
export interface Teardown {
  readonly beganAtMs: number
  readonly attempts: number
  readonly retryAtMs: number
  readonly endedAtMs: number
  readonly leftovers: readonly string[]
}
