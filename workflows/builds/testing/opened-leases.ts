import type { BuilderEvent } from '@forkproof/contracts/events'
import { LeaseId } from '@forkproof/contracts/ids'
import { PlatformLeases } from '../platform-leases.ts'
import { eventsOf, otherNode, sampleBuild } from './sample-build.ts'

export const startMs = 1_790_000_000_000
export const openedSpec = sampleBuild('book', {}, startMs)
export const openedPlatform = 'linux/amd64'
export const leaseIdOf = (turn: number) => LeaseId.parse(`00000000-0000-4000-8000-${String(turn).padStart(12, '0')}`)

/** The leases of a build with one platform asked for and its first lease open. */
export function openedLeases() {
  const leases = new PlatformLeases(openedSpec)
  let turn = 0
  const open = (nowMs = startMs) => {
    const [request] = leases.requestsToServe()
    if (!request) throw new Error('nothing to serve')
    const lease = leases.open(request, leaseIdOf(++turn), nowMs)
    const about = { buildId: openedSpec.buildId, leaseId: lease.leaseId, platform: lease.platform }
    return { lease, from: eventsOf(about), fromOther: eventsOf(about, otherNode) }
  }
  leases.ask({ platform: openedPlatform }, startMs)
  const apply = (...events: BuilderEvent[]) => {
    for (const event of events) leases.apply(event)
  }
  const release = (nowMs = startMs) => {
    const told = leases.toRelease()
    for (const { lease, nodeId } of told) lease.releasedAtMs.set(nodeId, nowMs)
    return told.map(({ nodeId }) => nodeId)
  }
  return { leases, open, apply, release, first: open() }
}
