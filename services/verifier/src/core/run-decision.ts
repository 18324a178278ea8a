import type { RefusalReason } from '@forkproof/contracts/errors'

export interface Refusal {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  readonly detail?: string
}
/** Not so yet, but GitHub's API may lag: refused with `reason` only when it stays so. */
export interface NotYet {
  readonly kind: 'not-yet'
  readonly reason: RefusalReason
  readonly detail?: string
}
export interface Fine {
  readonly kind: 'fine'
}
export type Decision = Fine | Refusal | NotYet

export const fine: Fine = { kind: 'fine' }
export const refuse = (reason: RefusalReason, detail?: string): Refusal => ({
  kind: 'refused',
  reason,
  ...(detail !== undefined && { detail }),
})
export const notYet = (reason: RefusalReason, detail?: string): NotYet => ({
  kind: 'not-yet',
  reason,
  ...(detail !== undefined && { detail }),
})
