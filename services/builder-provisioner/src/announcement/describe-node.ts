import type { NodeAnnouncement } from '@forkproof/contracts/events'
import type { NodeId } from '@forkproof/contracts/ids'
import type { BuilderPool } from '../builders/builder-pool.ts'
import type { Driver } from '../drivers/driver.ts'
import type { LeaseStore } from '../leases/lease-store.ts'
import type { SupportedBuilders } from './supported-builders.ts'

const sentenceCharactersMax = 200
const sentencesMax = 20
const missingCharactersMax = 1_000
const missingMax = 8

/** `running` counts every builder that takes a place, warm ones too. */
export function describeNode(parts: {
  readonly nodeId: NodeId
  readonly driver: Driver
  readonly driverName: string
  readonly abilities: SupportedBuilders
  readonly capacity: number
  readonly yard: BuilderPool
  readonly book: LeaseStore
}): Omit<NodeAnnouncement, 'announcedAtMs'> {
  const { nodeId, driver, driverName, abilities, capacity, yard, book } = parts
  const standing = [...yard.builders.values()].filter(builder => builder.phase !== 'gone')
  return {
    nodeId,
    driver: driverName,
    isolation: driver.isolation.slice(0, sentencesMax).map(sentence => sentence.slice(0, sentenceCharactersMax)),
    platforms: abilities.served.map(one => ({ ...one })),
    egress: [...abilities.egress],
    capacity,
    running: standing.length,
    waiting: book.waiting(),
    warm: standing.filter(builder => builder.phase === 'ready' && !builder.used).length,
    missing: abilities.missing.slice(0, missingMax).map(sentence => sentence.slice(0, missingCharactersMax)),
  }
}
