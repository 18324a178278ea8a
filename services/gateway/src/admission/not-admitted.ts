import { AppError } from '@forkproof/contracts/errors'
import type { RuleName } from './evaluate.ts'

/** Refused by policy. Names rules, never what a project expects. */
export class NotAdmitted extends AppError {
  readonly reasons: readonly RuleName[]

  constructor(reasons: readonly RuleName[]) {
    super('not_admitted', { detail: `rules that failed: ${reasons.join(', ')}` })
    this.reasons = reasons
  }
}
