import type { KeyOperation } from '@forkproof/workflows/keys/api'
import { activeKey, type KeyStates, preparedKey } from './key-record.ts'

const dayMs = 86_400_000

/**
 * When keys change. Slower than the invariants demand: most caches do not obey max-age
 * (docs/facts/oidc.md#key-rotation).
 */
export interface RotationPolicy {
  /** How long one key signs. */
  readonly periodMs: number
  /** Published before it signs. */
  readonly leadMs: number
  /** Published after it signed. */
  readonly retainMs: number
}

export const rotationPolicy = (days: number): RotationPolicy => ({
  periodMs: days * dayMs,
  leadMs: dayMs,
  retainMs: dayMs,
})

/**
 * The one step that is due now; `undefined` on nearly every call. Dropping comes first, then preparing or activating.
 */
export function nextRotationStep(states: KeyStates, nowMs: number, policy: RotationPolicy): KeyOperation | undefined {
  const old = states.keys.find(
    key => key.state === 'retired' && key.retiredAtMs !== undefined && nowMs - key.retiredAtMs >= policy.retainMs,
  )
  if (old) return { operation: 'drop', keyId: old.keyId }
  const active = activeKey(states)
  if (active?.activatedAtMs === undefined) return undefined
  const ageMs = nowMs - active.activatedAtMs
  const next = preparedKey(states)
  if (!next) return ageMs >= policy.periodMs - policy.leadMs ? { operation: 'prepare' } : undefined
  if (ageMs < policy.periodMs || nowMs - next.preparedAtMs < policy.leadMs) return undefined
  return { operation: 'activate', keyId: next.keyId }
}
