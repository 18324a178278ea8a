import type { KeySummary } from '@forkproof/workflows/keys/api'
import type { KeyRecord, KeyStates } from './key-record.ts'

/** What the signer tells about its keys. Built member by member, so that a new member of a record stays inside. */
export const summarise = (states: KeyStates): readonly KeySummary[] => states.keys.map(summaryOf)

function summaryOf(key: KeyRecord): KeySummary {
  return {
    keyId: key.keyId,
    state: key.state,
    preparedAtMs: key.preparedAtMs,
    ...(key.activatedAtMs !== undefined && { activatedAtMs: key.activatedAtMs }),
    ...(key.retiredAtMs !== undefined && { retiredAtMs: key.retiredAtMs }),
    ...(key.taintedAtMs !== undefined && { taintedAtMs: key.taintedAtMs }),
  }
}
