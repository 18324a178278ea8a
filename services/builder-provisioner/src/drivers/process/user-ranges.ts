import { createHash } from 'node:crypto'

/** Ids of one builder: users and groups `first` to `first + usersPerBuilder - 1` of the machine are its 0 to 65535. */
export const usersPerBuilder = 65_536

export interface UserRanges {
  readonly first: number
  readonly count: number
}

/**
 * A range that is not taken; undefined when every one is. The search starts at a place that depends on the name, so
 * that two provisioners on one machine rarely choose the same.
 */
export function freeRange(ranges: UserRanges, takenUsers: readonly number[], name: string): number | undefined {
  const taken = new Set(takenUsers.map(user => Math.floor((user - ranges.first) / usersPerBuilder)))
  const start = createHash('sha256').update(name).digest().readUInt32BE()
  for (let step = 0; step < ranges.count; step++) {
    const index = (start + step) % ranges.count
    if (!taken.has(index)) return ranges.first + index * usersPerBuilder
  }
  return undefined
}

export const isInRange = (user: number, first: number): boolean => user >= first && user < first + usersPerBuilder
