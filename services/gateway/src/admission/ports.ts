import type { AccessRecord, Admitted } from '@forkproof/contracts/access'
import type { AccessToken, ProjectId } from '@forkproof/contracts/ids'
import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'
import type { Secret } from '@forkproof/infra/secret'

export interface IssuedAccess {
  readonly accessToken: Secret<AccessToken>
  readonly record: AccessRecord
}

/**
 * Decides who may build. All methods throw `AppError`: `id_token_invalid`, `id_token_used`, `project_not_found`
 * (also for a project that has no relationship with the token's repository), `not_admitted` (with `detail` that
 * names the rules which failed, and nothing of other projects), `rate_limited`, `issuer_unavailable`,
 * `temporarily_unavailable`.
 */
export interface Admission {
  /** Decides on a presented ID token and uses it up (`jti`); what is refused by policy is not used up. */
  admit(idToken: Secret<string>, projectId: ProjectId): Promise<Admitted>
  /** A fresh opaque token for what was admitted, ending with the ID token's run at the latest. */
  issue(admitted: Admitted): Promise<IssuedAccess>
  /**
   * `undefined` for unknown, expired, revoked and malformed tokens alike, and once the relationship is gone or no
   * longer admits anybody. The grant is the one that the relationship gives now.
   */
  authenticate(presented: Secret<string>): Promise<AccessRecord | undefined>
}

/**
 * One inspection of a run, for services that may not read GitHub. Bounded in time; throws AppError
 * `temporarily_unavailable`.
 */
export interface RunInspector {
  inspect(question: RunQuestion, signal: AbortSignal): Promise<RunInspection>
}
