import type { AdmittedRun } from '@forkproof/contracts/access'
import type { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { PlatformRequest } from '@forkproof/contracts/builder'
import type { NodeAnnouncement } from '@forkproof/contracts/events'
import type { BuildId, ProjectId, RelationshipId } from '@forkproof/contracts/ids'
import type { Finish } from '@forkproof/workflows/builds/api'

export type ReportedResult = Finish['result']

/**
 * The truth about builds. Every method is bounded in time and throws AppError: `build_not_found`, or
 * `temporarily_unavailable` when the truth cannot be reached. A build that is over is answered with its last
 * state.
 */
export interface Builds {
  /**
   * Resolves with the state once the run was confirmed or refused, or with what is known after `buildWaitMsMax`.
   * When it rejects, the build may have been started.
   */
  start(order: BuildSpec, signal: AbortSignal): Promise<BuildState>
  state(buildId: BuildId): Promise<BuildState>
  /** Waits until the version is beyond `knownVersion`, which must exist; after `waitMs` the state may be unchanged. */
  awaitChange(buildId: BuildId, knownVersion: number, waitMs: number): Promise<BuildState>
  /** Asks for one more platform. @throws AppError also `platform_not_granted` */
  connect(buildId: BuildId, wish: PlatformRequest, waitMs: number): Promise<BuildState>
  /** The first result counts; for a build that is over it changes nothing. */
  finish(buildId: BuildId, result: ReportedResult): Promise<void>
  projectOf(buildId: BuildId): Promise<ProjectId>
  /** The maintainer wants it no more; for a build that is over it changes nothing. */
  deny(buildId: BuildId): Promise<void>
  /** Builds of a project that are not over, with their runs where these are known. As far behind as `running`. */
  ofProject(projectId: ProjectId): Promise<readonly { readonly buildId: BuildId; readonly run?: AdmittedRun }[]>
  /**
   * Builds that run under a relationship, as far as Temporal's visibility has caught up: a second or so behind,
   * and not more than 200.
   */
  running(relationshipId: RelationshipId): Promise<readonly BuildId[]>
}

/**
 * Tells the node of a build that its client is alive. Losing one of many changes nothing. docs/glossary.md:
 * heartbeat.
 */
export interface Heartbeats {
  alive(buildId: BuildId): void
}

/** What the nodes say that they can do. @throws AppError temporarily_unavailable */
export interface Nodes {
  announced(): Promise<readonly NodeAnnouncement[]>
}
