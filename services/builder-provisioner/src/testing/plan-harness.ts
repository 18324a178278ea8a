import type { BuilderLossReason } from '@forkproof/contracts/builder'
import { expect, it } from 'vitest'
import { planActions } from '../reconcile/plan.ts'
import type { LeaseSnapshot, PlanSettings, Snapshot } from '../reconcile/snapshot.ts'
import {
  type BuilderChanges,
  ephemeral,
  fakeBuilder,
  fakeLease,
  fakeSnapshot,
  planBuilderId,
  planLeaseId,
  planSettings,
} from './fake-snapshots.ts'

/** A lease that has builder `letter`, and a builder that has served. */
export const boundLease = (digit: number, letter: string, changes: Partial<LeaseSnapshot> = {}) =>
  fakeLease(digit, { phase: 'ready', builderId: planBuilderId(letter), ...changes })
export const usedBuilder = (letter: string, changes: BuilderChanges = {}) =>
  fakeBuilder(letter, { used: true, ...changes })

export const asFailed = (reason: string, retryable: boolean) => ({ as: 'failed', reason, retryable })
export const asLostBeforeReady = (lossReason: BuilderLossReason) => ({ ...asFailed('builder_lost', true), lossReason })
export const asLost = (lossReason: BuilderLossReason) => ({ ...asDestroyed('builder_lost'), lossReason })
export const asDestroyed = (reason: string) => ({ as: 'destroyed', reason })
export const endAction = (digit: number, ending: object) => ({
  do: 'end',
  leaseId: planLeaseId(digit),
  ending: expect.objectContaining(ending),
})
export const destroyAction = (letter: string) => ({ do: 'destroy', builderId: planBuilderId(letter) })
export const settleAction = (digit: number, shared: boolean) => ({ do: 'settle', leaseId: planLeaseId(digit), shared })
export const bindAction = (digit: number, letter: string) => ({
  do: 'bind',
  leaseId: planLeaseId(digit),
  builderId: planBuilderId(letter),
})
export const createAction = (digit: number, traits = ephemeral) => ({
  do: 'create',
  leaseId: planLeaseId(digit),
  traits,
})
export const createWarmAction = (traits = ephemeral) => ({ do: 'create', traits })

type PlanRow = [name: string, given: Partial<Snapshot>, wanted: readonly object[], settings?: Partial<PlanSettings>]

/** One test for each row: exactly the wanted actions, in their order. */
export const expectPlans = (rows: readonly PlanRow[]) =>
  it.each(rows)('%s', (_name, given, wanted, settings) => {
    expect(planActions(fakeSnapshot(given), { ...planSettings, ...settings })).toEqual(wanted)
  })
