import type { RunHint } from '@forkproof/contracts/run-hint'

/** Tells the verifiers that a run is worth a reading. Losing a hint is harmless. */
export interface RunHints {
  /** `false`: the bus is away and nobody was told. */
  tell(hint: RunHint): boolean
}
