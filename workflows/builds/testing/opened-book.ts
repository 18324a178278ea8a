import type { BuilderEvent } from '@forkproof/contracts/events'
import { LeaseId } from '@forkproof/contracts/ids'
import { PlatformLeases } from '../platform-leases.ts'
import { eventsOf, otherNode, sampleBuild } from './sample-build.ts'

export const startMs = 1_790_000_000_000
export const openedSpec = sampleBuild('book', {}, startMs)
export const openedPlatform = 'linux/amd64'
export const leaseIdOf = (turn: number) => LeaseId.parse(`00000000-0000-4000-8000-${String(turn).padStart(12, '0')}`)

/** A book with one platform asked for and its first lease open. */
export function openedBook() {
  const book = new PlatformLeases(openedSpec)
  let turn = 0
  const open = (nowMs = startMs) => {
    const [wish] = book.wishesToServe()
    if (!wish) throw new Error('nothing to serve')
    const lease = book.open(wish, leaseIdOf(++turn), nowMs)
    const about = { buildId: openedSpec.buildId, leaseId: lease.leaseId, platform: lease.platform }
    return { lease, from: eventsOf(about), fromOther: eventsOf(about, otherNode) }
  }
  book.ask({ platform: openedPlatform }, startMs)
  const apply = (...events: BuilderEvent[]) => {
    for (const event of events) book.apply(event)
  }
  const release = (nowMs = startMs) => {
    const told = book.toRelease()
    for (const { lease, nodeId } of told) lease.releasedAtMs.set(nodeId, nowMs)
    return told.map(({ nodeId }) => nodeId)
  }
  return { book, open, apply, release, first: open() }
}
