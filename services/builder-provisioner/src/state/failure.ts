import { type BuilderFailure, type BuilderLossReason, builderFailures } from '@forkproof/contracts/builder'
import { errorTable, isAppError } from '@forkproof/contracts/errors'
import type { Ending } from './lease-record.ts'

export type Failure = Extract<Ending, { as: 'failed' }>
/** Without `builder_lost`, which needs a reason of its own: see below. */
type PlainFailure = Exclude<BuilderFailure, 'builder_lost'>

const detailCharactersMax = 500

export const failureBecause = (reason: PlainFailure, detail?: string): Failure => ({
  as: 'failed',
  reason,
  retryable: errorTable[reason].retryable,
  ...(detail !== undefined && { detail: detail.slice(0, detailCharactersMax) }),
})

/** How a lease ends whose builder is lost, before its client was told of it and after. */
export const lossBeforeReady = (lossReason: BuilderLossReason): Failure => ({
  as: 'failed',
  reason: 'builder_lost',
  retryable: errorTable.builder_lost.retryable,
  lossReason,
})
export const lossAfterReady = (lossReason: BuilderLossReason): Ending => ({
  as: 'destroyed',
  reason: 'builder_lost',
  lossReason,
})

const isPlainFailure = (code: string): code is PlainFailure =>
  code !== 'builder_lost' && builderFailures.some(known => known === code)

/** Only what is made for clients gets out; every other cause is `builder_not_ready` and is in the log. */
export const failureOf = (error: unknown): Failure =>
  isAppError(error) && isPlainFailure(error.code)
    ? failureBecause(error.code, error.detail)
    : failureBecause('builder_not_ready')
