import type { NodeAnnouncement } from '@forkproof/contracts/events'
import type { NodeId } from '@forkproof/contracts/ids'
import type { BuilderPool } from '../builders/builder-pool.ts'
import type { LeaseStore } from '../leases/lease-store.ts'
import type { SupportedBuilders } from './supported-builders.ts'

const sentenceCharactersMax = 200
const sentencesMax = 20
const missingCharactersMax = 1_000
const missingMax = 8

interface DescribeNodeOptions {
  readonly nodeId: NodeId
  readonly driverName: string
  /** Sentences of the driver: what it isolates with. */
  readonly isolation: readonly string[]
  readonly capacity: number
}

interface DescribeNodeDeps {
  readonly supported: SupportedBuilders
  readonly pool: Pick<BuilderPool, 'all'>
  readonly leases: Pick<LeaseStore, 'countWaiting'>
}

/** `running` counts every builder that takes a place, warm ones too. */
export function describeNode(
  { nodeId, driverName, isolation, capacity }: DescribeNodeOptions,
  { supported, pool, leases }: DescribeNodeDeps,
): Omit<NodeAnnouncement, 'announcedAtMs'> {
  const standing = pool.all().filter(({ status }) => status.phase !== 'gone')
  return {
    nodeId,
    driver: driverName,
    isolation: isolation.slice(0, sentencesMax).map(sentence => sentence.slice(0, sentenceCharactersMax)),
    platforms: supported.served.map(one => ({ ...one })),
    egress: [...supported.egress],
    capacity,
    running: standing.length,
    waiting: leases.countWaiting(),
    warm: standing.filter(({ status, used }) => status.phase === 'ready' && !used).length,
    missing: supported.missing.slice(0, missingMax).map(sentence => sentence.slice(0, missingCharactersMax)),
  }
}
