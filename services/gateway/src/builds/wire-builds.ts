import { buckets } from '@forkproof/contracts/subjects'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { RequestLimits } from '../throttling/request-limits.ts'
import { BuildFollower } from './build-follower.ts'
import { ConcurrencySlots } from './concurrency-slots.ts'
import { rememberedNodes } from './nodes.ts'
import type { Builds, Heartbeats, Nodes } from './ports.ts'
import { createStartBuild, type StartBuild, type StartBuildDeps } from './start-build.ts'
import { throttledHeartbeats } from './throttled-heartbeats.ts'

/** What builds stand on. */
interface OuterBuildDeps {
  readonly builds: Builds
  readonly heartbeats: Heartbeats
  readonly bucket: (name: string) => Bucket
  readonly requestLimits: RequestLimits
  readonly denials: StartBuildDeps['denials']
  readonly clock: Clock
}

/** What the routes of builds are made of. */
export interface WiredBuilds {
  readonly builds: Builds
  readonly startBuild: StartBuild
  readonly follower: BuildFollower
  readonly heartbeats: Heartbeats
  readonly nodes: Nodes
}

export function wireBuilds({ builds, heartbeats, bucket, requestLimits, denials, clock }: OuterBuildDeps): WiredBuilds {
  const follower = new BuildFollower(builds, clock)
  const nodes = rememberedNodes(bucket(buckets.nodes), clock)
  const slots = new ConcurrencySlots({ builds, isOver: buildId => follower.isOver(buildId), clock })
  return {
    builds,
    startBuild: createStartBuild({ builds, follower, slots: slots, nodes, requestLimits, denials, clock }),
    follower,
    heartbeats: throttledHeartbeats(heartbeats, clock),
    nodes,
  }
}
