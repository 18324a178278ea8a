import type { RunHint } from '@forkproof/contracts/run-hint'
import type { RunHints } from '../webhooks/ports.ts'

/** Remembers what the verifiers would be told. */
export class FakeRunHints implements RunHints {
  readonly told: RunHint[] = []
  /** The bus is away. */
  down = false

  tell(hint: RunHint): boolean {
    if (this.down) return false
    this.told.push(hint)
    return true
  }
}
