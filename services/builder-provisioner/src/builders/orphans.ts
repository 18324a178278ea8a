import type { BuilderId } from '@forkproof/contracts/ids'

/**
 * Tells orphans from builders that a driver listed a moment too early. docs/glossary.md: orphan.
 * A list that was begun before a builder was gone may still name it.
 */
export class OrphanFinder {
  readonly #goneAtMs = new Map<BuilderId, number>()

  noteGone(builderId: BuilderId, nowMs: number): void {
    this.#goneAtMs.set(builderId, nowMs)
  }

  /** Those of the list that no record explains. `beganAtMs`: when the driver began to list. */
  find(listed: readonly BuilderId[], known: ReadonlyMap<BuilderId, unknown>, beganAtMs: number): readonly BuilderId[] {
    const orphans = listed.filter(id => !known.has(id) && (this.#goneAtMs.get(id) ?? -1) < beganAtMs)
    for (const [builderId, atMs] of this.#goneAtMs) if (atMs < beganAtMs) this.#goneAtMs.delete(builderId)
    return orphans
  }
}
