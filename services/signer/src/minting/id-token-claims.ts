import type { Attestation } from '@forkproof/contracts/facts'
import type { Issuer, TokenId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { IdTokenClaims } from '@forkproof/contracts/token'
import { forkPullRequestSubject, type SubjectPart } from '@forkproof/contracts/token-subject'

interface TokenFacts {
  readonly issuer: Issuer
  readonly subjectParts: readonly SubjectPart[]
  readonly attestation: Attestation
  readonly tokenId: TokenId
  /** Seconds since the epoch. */
  readonly iatSeconds: number
}

/**
 * Every claim of the schema by name: a new one does not compile until it is given here. Undefined ones are left out.
 */
type EveryClaim = { readonly [Name in keyof Required<IdTokenClaims>]: IdTokenClaims[Name] }

/**
 * The token's claims, from the attestation, our own issuer and the reservation alone.
 * Pure: the same input gives the same claims in the same order, so that a repeat gives the same token.
 * @throws ZodError when the facts do not fit the token's schema
 */
export function idTokenClaims(given: TokenFacts): IdTokenClaims {
  const claims = Object.entries(everyClaim(given)).filter(([, value]) => value !== undefined)
  // The schema also sets the order of the claims.
  return IdTokenClaims.parse(Object.fromEntries(claims))
}

function everyClaim({ issuer, subjectParts, attestation, tokenId, iatSeconds }: TokenFacts): EveryClaim {
  const { repository, headRepository, run, actor, triggeringActor, pullRequest, job } = attestation.facts
  const partValues = { base_ref: pullRequest?.baseRef, workflow_path: run.workflowPath }
  return {
    iss: issuer,
    sub: forkPullRequestSubject(repository.id, partValues, subjectParts),
    aud: attestation.audience,
    iat: iatSeconds,
    nbf: iatSeconds - limits.tokenNotBeforeSkewSeconds,
    exp: iatSeconds + limits.tokenLifetimeSeconds,
    jti: tokenId,
    event_name: 'pull_request',
    repository: repository.name,
    repository_id: repository.id,
    repository_owner: repository.owner,
    repository_owner_id: repository.ownerId,
    // The verifier attests runs of public repositories only.
    repository_visibility: 'public',
    head_repository: headRepository.name,
    head_repository_id: headRepository.id,
    head_repository_owner: headRepository.owner,
    head_repository_owner_id: headRepository.ownerId,
    head_sha: run.headSha,
    head_ref: run.headRef,
    base_ref: pullRequest?.baseRef,
    base_sha: pullRequest?.baseSha,
    pull_request_number: pullRequest?.number,
    pr_author_id: pullRequest?.author.id,
    author_association: pullRequest?.authorAssociation,
    pull_request_state: pullRequest?.state,
    pull_request_read_at: pullRequest?.readAt,
    run_id: run.id,
    run_number: run.number,
    run_attempt: run.attempt,
    job_id: job?.id,
    // A job of Actions is a check run, and both have the same number.
    check_run_id: job?.id,
    workflow: run.workflowName,
    workflow_path: run.workflowPath,
    actor: actor.login,
    actor_id: actor.id,
    triggering_actor: triggeringActor.login,
    triggering_actor_id: triggeringActor.id,
    proof_method: attestation.channel,
  }
}
