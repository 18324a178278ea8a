import { expect, it } from 'vitest'
import { plan } from '../reconcile/plan.ts'
import type { BuilderView, LeaseView, PlanSettings, Situation } from '../reconcile/views.ts'
import { builder, builderView, ephemeral, lease, leaseView, planSettings, situation } from './situations.ts'

/** A lease that has builder `letter`, and a builder that has served. */
export const bound = (digit: number, letter: string, changes: Partial<LeaseView> = {}) =>
  leaseView(digit, { phase: 'ready', builderId: builder(letter), ...changes })
export const used = (letter: string, changes: Partial<BuilderView> = {}) =>
  builderView(letter, { used: true, ...changes })

export const failed = (reason: string, retryable: boolean) => ({ as: 'failed', reason, retryable })
export const ended = (reason: string) => ({ as: 'destroyed', reason })
export const endOf = (digit: number, ending: object) => ({
  do: 'end',
  leaseId: lease(digit),
  ending: expect.objectContaining(ending),
})
export const destroy = (letter: string) => ({ do: 'destroy', builderId: builder(letter) })
export const settle = (digit: number, shared: boolean) => ({ do: 'settle', leaseId: lease(digit), shared })
export const bind = (digit: number, letter: string) => ({
  do: 'bind',
  leaseId: lease(digit),
  builderId: builder(letter),
})
export const create = (digit: number, traits = ephemeral) => ({ do: 'create', leaseId: lease(digit), traits })
export const createWarm = (traits = ephemeral) => ({ do: 'create', traits })

type Row = [name: string, given: Partial<Situation>, wanted: readonly object[], settings?: Partial<PlanSettings>]

/** One test for each row: exactly the wanted actions, in their order. */
export const expectPlans = (rows: readonly Row[]) =>
  it.each(rows)('%s', (_name, given, wanted, settings) => {
    expect(plan(situation(given), { ...planSettings, ...settings })).toEqual(wanted)
  })
