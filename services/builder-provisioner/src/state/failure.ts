import { type BuilderFailure, builderFailures } from '@forkproof/contracts/builder'
import { errorTable, isAppError } from '@forkproof/contracts/errors'
import type { Ending } from './lease-record.ts'

export type Failure = Extract<Ending, { as: 'failed' }>

const detailCharactersMax = 500

export const failureBecause = (reason: BuilderFailure, detail?: string): Failure => ({
  as: 'failed',
  reason,
  retryable: errorTable[reason].retryable,
  ...(detail !== undefined && { detail: detail.slice(0, detailCharactersMax) }),
})

const isBuilderFailure = (code: string): code is BuilderFailure => builderFailures.some(known => known === code)

/** Only what is made for clients gets out; every other cause is `builder_not_ready` and is in the log. */
export const failureOf = (error: unknown): Failure =>
  isAppError(error) && isBuilderFailure(error.code)
    ? failureBecause(error.code, error.detail)
    : failureBecause('builder_not_ready')
