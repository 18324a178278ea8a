import { type ErrorCode, errorTable, isErrorCode } from '@forkproof/contracts/errors'
import { claimantLimits } from './limits.ts'

/**
 * - `cannot`: this run cannot claim or build.
 * - `refused`: the issuer said no.
 * - `untrusted`: the issuer's answer is inconsistent, so none of it may be used.
 * - `unavailable`: no answer in time.
 */
type FailureKind = 'cannot' | 'refused' | 'untrusted' | 'unavailable'

/** The only error that leaves the claimant's code. Every text of it is safe to print in a public log. */
export class ClaimFailure extends Error {
  override readonly name = 'ClaimFailure'
  readonly kind: FailureKind
  readonly code: string
  readonly detail: string | undefined
  readonly advice: string | undefined

  constructor(kind: FailureKind, code: string, text: { title: string; detail?: string; advice?: string }) {
    super(text.title)
    this.kind = kind
    this.code = code
    this.detail = text.detail
    this.advice = text.advice
  }
}

const adviceByCode: Partial<Record<ErrorCode, string>> = {
  invalid_request:
    'Check the inputs. If the issuer reads no live logs, use the Action or the two-step form (`forkproof token --step-name`).',
  invalid_audience: 'Leave the audience out, or ask the operator of the issuer which audiences it serves.',
  repository_not_served: 'Ask the operator of the issuer to add this repository.',
  rate_limited: 'Too many claims at once; run the job again later.',
  not_a_fork: 'Give the job `permissions: id-token: write`; GitHub itself then issues its token.',
  repository_renamed: 'Update the remote: the repository has another name now.',
  repository_not_public: 'Only runs of public repositories can be checked from outside.',
  attempt_not_latest: 'The run was started again meanwhile; look at its latest attempt.',
  job_mismatch: 'Leave the job id out, or pass `job.check_run_id`.',
  code_not_seen:
    'Use the Action (it shows the code as an artifact), or the two-step form of the CLI; see `forkproof token --step-name`.',
  code_quoted: 'The code must appear nowhere but in this job; do not copy it into titles or branch names.',
  github_unavailable: 'GitHub could not be read; run the job again later.',
  claim_expired: 'The code was not seen in time; run the job again.',
  id_token_used:
    'An ID token opens one project once. Claim a fresh one, or use the access token that it was exchanged for.',
  id_token_invalid:
    'ID tokens live some minutes: exchange them soon after they were issued. Otherwise check issuer and audience with its operator.',
  project_not_found:
    'Check the project’s id; a project without any relationship for this repository is not shown either.',
  not_admitted:
    'Ask the project’s maintainer for a trust relationship that fits this repository, event, branch and workflow file.',
  access_token_invalid: 'Access tokens end with their run; claim and exchange again.',
  too_many_builds: 'Other builds of this project run; wait for them, or ask its maintainer for more at once.',
  platform_not_granted: 'Leave that platform out, or ask the project’s maintainer to grant it.',
  platform_unavailable: 'Leave that platform out, or ask the operator for a node that has it.',
  egress_unavailable: 'Ask the project’s maintainer for another egress, or the operator for a node that can give it.',
  no_capacity: 'All builders were taken; run the job again later.',
  isolation_missing: 'Tell the operator: the node says in its log what it lacks.',
  builder_not_ready: 'Run the job again; if it stays so, tell the operator.',
  builder_lost: 'Run the job again; if it stays so, tell the operator.',
}

/** A refusal in the issuer's words: our own title where we know the code, the server's detail made harmless. */
export function refusalFailure(code: string | undefined, status: number, detail?: string): ClaimFailure {
  const known = code !== undefined && isErrorCode(code) ? code : undefined
  const advice = known === undefined ? undefined : adviceByCode[known]
  return new ClaimFailure('refused', known ?? 'refused', {
    title: known === undefined ? `The issuer refused with status ${status}` : errorTable[known].title,
    ...(detail === undefined ? {} : { detail: harmlessText(detail) }),
    ...(advice === undefined ? {} : { advice }),
  })
}

/** All that is known of a failure, for people. Several lines. */
export function describeFailure(failure: ClaimFailure): string {
  const lines = [`${failure.message} (${failure.code})`]
  if (failure.detail !== undefined) lines.push(failure.detail)
  if (failure.advice !== undefined) lines.push(`What to do: ${failure.advice}`)
  return lines.join('\n')
}

/**
 * Prepares foreign text for a log that a runner reads for commands: one bounded line without what starts a command
 * (`::name::` and the older `##[name]`).
 */
export function harmlessText(text: string): string {
  return text
    .slice(0, claimantLimits.foreignTextCharsMax)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('::', ': :')
    .replaceAll('##[', '# [')
    .trim()
}
