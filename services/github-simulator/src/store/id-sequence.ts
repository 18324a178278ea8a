import { createHash } from 'node:crypto'

/** Where each kind's numbers begin: about the size of GitHub's own, so that readers with 32-bit numbers fail. */
const idStart = {
  user: 62_000_000,
  repository: 715_000_000,
  pull: 2_100_000_000,
  run: 12_400_000_000,
  job: 55_300_000_000,
  artifact: 4_800_000_000,
  workflow: 151_000_000,
  app: 1_200_000,
  installation: 61_000_000,
  webhook: 512_000_000,
  hiddenJob: 38_100_000_000,
  commit: 1,
} as const

export type IdKind = keyof typeof idStart

/** Hands out numbers per kind, rising, never one that was taken explicitly. */
export class IdSequence {
  readonly #next = new Map<IdKind, number>()
  readonly #taken = new Map<IdKind, Set<number>>()

  /** The wanted number if it is free, else `undefined`. Without `wanted`, the next free one. */
  take(kind: IdKind, wanted?: number): number | undefined {
    const taken = this.#taken.get(kind) ?? new Set<number>()
    this.#taken.set(kind, taken)
    if (wanted !== undefined) {
      if (taken.has(wanted)) return undefined
      taken.add(wanted)
      return wanted
    }
    let next = this.#next.get(kind) ?? idStart[kind]
    while (taken.has(next)) next += 1
    taken.add(next)
    this.#next.set(kind, next + 1)
    return next
  }
}

/** A stable made-up commit id. */
export function commitSha(seed: string): string {
  return createHash('sha1').update(`commit ${seed}`).digest('hex')
}

/** GitHub's older node id form: base64 of a length-prefixed type and the number. */
export function encodeNodeId(type: string, id: number): string {
  return Buffer.from(`0${type.length}:${type}${id}`).toString('base64')
}
