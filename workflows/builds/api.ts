import type { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { Platform } from '@forkproof/contracts/builder'
import type { BuilderEvent } from '@forkproof/contracts/events'
import type { BuildId } from '@forkproof/contracts/ids'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

/** All that a caller may know of the workflow `build`: names, ids, signals, updates. */
export const buildWorkflow = 'build'
export const buildTaskQueue = 'builds'
export const buildWorkflowId = (buildId: BuildId): string => `build-${buildId}`

/** Started by the gateway. The result is the last state, with phase `ended`; a refusal is an outcome, not a failure. */
export type BuildWorkflow = (spec: BuildSpec) => Promise<BuildState>

/** Sent by the orchestrator for each event of a builder of this build. Doubled and late ones change nothing. */
export const builderEventSignal = 'builderEvent'
export type BuilderEventSignal = BuilderEvent

/** Sent by the gateway: the client is done. The first one counts. */
export const finishSignal = 'finish'
export interface Finish {
  readonly result: 'success' | 'error' | 'canceled'
}

/** Sent by the gateway: a maintainer has denied the run. Its builders are given up at once. */
export const denySignal = 'deny'

/**
 * Long poll: answers as soon as the state's version is beyond `knownVersion`, and with the unchanged state after
 * `waitMs`. A version of 0 is never reached, so the first call answers at once; `leaving: 'confirming'` waits until the
 * run was confirmed or refused.
 */
export const awaitChangeUpdate = 'awaitChange'
export interface AwaitChange {
  readonly knownVersion: number
  readonly waitMs: number
  readonly leaving?: 'confirming'
}

/**
 * Asks for a builder of one more platform if it was not asked for yet, then waits like `awaitChange` for it to become
 * ready or fail.
 */
export const connectUpdate = 'connect'
export interface ConnectPlatform {
  readonly platform: Platform
  readonly certificateRequest?: string
  readonly waitMs: number
}

/** A look without waiting; leaves nothing in the history. */
export const stateQuery = 'state'

/** Bounds that caller and workflow share. */
export const buildWaitMsMax = 20_000

/** Plain text in the Temporal UI; ids and codes only, never secrets. */
export const buildSearchAttributes = {
  repository: defineSearchAttributeKey('ForkproofRepo', SearchAttributeType.KEYWORD),
  runId: defineSearchAttributeKey('ForkproofRunId', SearchAttributeType.KEYWORD),
  project: defineSearchAttributeKey('ForkproofProject', SearchAttributeType.KEYWORD),
  relationship: defineSearchAttributeKey('ForkproofRelationship', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('ForkproofState', SearchAttributeType.KEYWORD),
  reason: defineSearchAttributeKey('ForkproofReason', SearchAttributeType.KEYWORD),
} as const
