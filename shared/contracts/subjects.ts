import type { BuilderClass, Platform } from './builder.ts'
import type { BuilderEvent } from './events.ts'
import type { BuildId, ClaimId, NodeId } from './ids.ts'
import type { RunHint } from './run-hint.ts'

/** The bus's names. One place, because permissions, streams and code must agree on them. */
export const subjects = {
  /** Core NATS, at most once. docs/glossary.md: nudge. */
  nudge: (claimId: ClaimId, kind: NudgeKind) => `nudge.${kind}.${claimId}`,
  nudges: 'nudge.>',
  claimEvents: 'forkproof.claim.>',
  issuance: 'forkproof.issuance.token',
  /** Requests go to whichever node with that platform and class is free; releases to the node that has the lease. */
  builderRequest: (platform: Platform, builderClass: BuilderClass) =>
    `forkproof.command.builder.request.${platform.replace('/', '-')}.${builderClass}`,
  builderRelease: (nodeId: NodeId) => `forkproof.command.builder.release.${nodeId}`,
  builderCommands: 'forkproof.command.builder.>',
  /** Last token: the event's kind, such as `ready`. */
  builderEvent: (event: BuilderEvent) => `forkproof.builder.${event.type.split('.')[2]}`,
  builderEvents: 'forkproof.builder.>',
  /** Core NATS, at most once: the client of this build is alive. One lost in many changes nothing. */
  alive: (buildId: BuildId) => `alive.${buildId}`,
  alives: 'alive.*',
  /** Core NATS, at most once: something changed at GitHub. Last token: the repository's id. */
  runHint: ({ repositoryId }: RunHint) => `run-hint.${repositoryId}`,
  runHints: 'run-hint.*',
} as const
/** `shown`: the claimant says that the code is out. `asked`: somebody waits for the token. */
export type NudgeKind = 'shown' | 'asked'

export const streams = {
  claims: 'CLAIMS',
  issuance: 'ISSUANCE',
  builders: 'BUILDERS',
  builderCommands: 'BUILDER_COMMANDS',
} as const
export const buckets = {
  jwks: 'jwks',
  minted: 'minted',
  signingKeys: 'signing-keys',
  projects: 'projects',
  accessTokens: 'access-tokens',
  usedTokens: 'used-tokens',
  nodes: 'nodes',
  github: 'github',
} as const
/** Pull consumers, made when the bus is provisioned: no service may create one. */
export const consumers = {
  builderEvents: 'build-signals',
  builderRequests: (platform: Platform, builderClass: BuilderClass) =>
    `requests-${platform.replace('/', '-')}-${builderClass}`,
  builderReleases: (nodeId: NodeId) => `releases-${nodeId}`,
} as const
