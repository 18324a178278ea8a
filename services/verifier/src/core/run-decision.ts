import type { RefusalReason } from '@forkproof/contracts/errors'

export interface RunRefusal {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  readonly detail?: string
}
/** Not fine, but GitHub's API may lag: refused with `reason` only when it stays so. */
export interface RunNotYet {
  readonly kind: 'not-yet'
  readonly reason: RefusalReason
  readonly detail?: string
}
interface RunFine {
  readonly kind: 'fine'
}
export type RunDecision = RunFine | RunRefusal | RunNotYet

export const fine: RunFine = { kind: 'fine' }
export const refuse = (reason: RefusalReason, detail?: string): RunRefusal => ({
  kind: 'refused',
  reason,
  ...(detail !== undefined && { detail }),
})
export const notYet = (reason: RefusalReason, detail?: string): RunNotYet => ({
  kind: 'not-yet',
  reason,
  ...(detail !== undefined && { detail }),
})
