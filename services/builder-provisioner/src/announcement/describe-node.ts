import type { NodeAnnouncement } from '@forkproof/contracts/events'
import type { NodeId } from '@forkproof/contracts/ids'
import type { BuilderYard } from '../builders/builder-yard.ts'
import type { Driver } from '../drivers/driver.ts'
import type { LeaseBook } from '../leases/lease-book.ts'
import type { Abilities } from './abilities.ts'

const sentenceCharactersMax = 200
const sentencesMax = 20
const missingCharactersMax = 1_000
const missingMax = 8

/** `running` counts every builder that takes a place, warm ones too. */
export function describeNode(parts: {
  readonly nodeId: NodeId
  readonly driver: Driver
  readonly abilities: Abilities
  readonly capacity: number
  readonly yard: BuilderYard
  readonly book: LeaseBook
}): Omit<NodeAnnouncement, 'announcedAtMs'> {
  const { nodeId, driver, abilities, capacity, yard, book } = parts
  const standing = [...yard.builders.values()].filter(builder => builder.phase !== 'gone')
  return {
    nodeId,
    driver: driver.name,
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
