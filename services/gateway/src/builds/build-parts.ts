import { buckets } from '@forkproof/contracts/subjects'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { RequestLimits } from '../throttling/request-limits.ts'
import { BuildFollower } from './build-follower.ts'
import { BuildPlaces } from './build-places.ts'
import { rememberedNodes } from './nodes.ts'
import type { Builds, Nodes, SignsOfLife } from './ports.ts'
import { throttledSigns } from './signs-of-life.ts'
import { createStartBuild, type StartBuild } from './start-build.ts'

/** What builds stand on. */
export interface BuildGround {
  readonly builds: Builds
  readonly signs: SignsOfLife
  readonly bucket: (name: string) => Bucket
  readonly requestLimits: RequestLimits
  readonly clock: Clock
}

/** What the routes of builds are made of. */
export interface BuildParts {
  readonly builds: Builds
  readonly startBuild: StartBuild
  readonly follower: BuildFollower
  readonly signs: SignsOfLife
  readonly nodes: Nodes
}

export function buildParts({ builds, signs, bucket, requestLimits, clock }: BuildGround): BuildParts {
  const follower = new BuildFollower(builds, clock)
  const nodes = rememberedNodes(bucket(buckets.nodes), clock)
  const places = new BuildPlaces({ builds, isOver: buildId => follower.isOver(buildId), clock })
  return {
    builds,
    startBuild: createStartBuild({ builds, follower, places, nodes, requestLimits, clock }),
    follower,
    signs: throttledSigns(signs, clock),
    nodes,
  }
}
