import type { AdmittedRun } from './access.ts'
import type {
  BuilderClass,
  BuilderConnection,
  BuilderFailure,
  BuilderTimings,
  Egress,
  Platform,
  PlatformRequest,
  Receipt,
  ReleaseReason,
} from './builder.ts'
import type { SealKey } from './claim.ts'
import type { BuilderId, BuildId, NodeId, ProjectId, RelationshipId } from './ids.ts'

/** What the workflow `build` knows. Plain JSON; holds no secret. */
export interface BuildSpec {
  readonly buildId: BuildId
  /** Public half of the key that the build token stands for. */
  readonly sealKey: SealKey
  readonly projectId: ProjectId
  readonly relationshipId: RelationshipId
  readonly run: AdmittedRun
  readonly builderClass: BuilderClass
  readonly egress: Egress
  readonly allowedPlatforms: readonly Platform[]
  readonly wishes: readonly PlatformRequest[]
  readonly createdAtMs: number
  /** Wall clock of the build: over at this time whatever happens. */
  readonly expiresAtMs: number
}

export type PlatformState = { readonly platform: Platform } & (
  | { readonly state: 'requested' }
  | { readonly state: 'queued'; readonly position: number; readonly estimateSeconds?: number }
  | {
      readonly state: 'ready'
      readonly builderId: BuilderId
      readonly nodeId: NodeId
      readonly emulated: boolean
      readonly connection: BuilderConnection
      readonly timings: BuilderTimings
    }
  | { readonly state: 'failed'; readonly reason: BuilderFailure; readonly detail?: string }
  | { readonly state: 'destroyed'; readonly reason: ReleaseReason; readonly receipt: Receipt }
)

export const buildOutcomes = [
  'success',
  'error',
  'canceled',
  'client_gone',
  'run_over',
  'time_up',
  'refused',
  'failed',
] as const
export type BuildOutcome = (typeof buildOutcomes)[number]

/** The whole of a build at one moment. `version` grows with every change. */
export interface BuildState {
  readonly buildId: BuildId
  readonly version: number
  readonly phase: 'confirming' | 'active' | 'ending' | 'ended'
  /** Set from `ending` on. */
  readonly outcome?: BuildOutcome
  /** With `refused`: why the run may not build (any more); with `failed`: a builder failure. */
  readonly reason?: string
  readonly expiresAtMs: number
  readonly platforms: readonly PlatformState[]
}
