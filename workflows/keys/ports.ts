import type { KeyChangeResult, KeyOperation } from './api.ts'

/** Task queue `signing`, served by the signer. */
export interface KeyActivities {
  /** Applies one operation; refusals are values. Idempotent where the state already is what was asked. */
  changeKeys(operation: KeyOperation): Promise<KeyChangeResult>
  /** Does whatever the schedule of keys asks for now: prepare, activate, retire, drop. Usually nothing. */
  rotateKeys(): Promise<KeyChangeResult>
}
