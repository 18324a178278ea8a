import type { Attestation } from '@forkproof/contracts/facts'
import type { Issuer, TokenId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { forkPullRequestSubject, IdTokenClaims } from '@forkproof/contracts/token'

/**
 * The token's claims, from the attestation, our own issuer and the reservation alone. `iatSeconds`: seconds since the
 * epoch. Pure: the same input gives the same claims in the same order, so that a repeat gives the same token.
 * @throws ZodError when the facts do not fit the token's schema
 */
export function idTokenClaims(input: {
  readonly issuer: Issuer
  readonly attestation: Attestation
  readonly tokenId: TokenId
  readonly iatSeconds: number
}): IdTokenClaims {
  const { issuer, attestation, tokenId, iatSeconds } = input
  const { facts } = attestation
  return IdTokenClaims.parse({
    event_name: 'pull_request',
    ...repositoryClaims(facts),
    ...pullRequestClaims(facts),
    ...runClaims(facts),
    proof_method: attestation.channel,
    // Registered claims last, so that nothing above can replace one of them.
    iss: issuer,
    sub: forkPullRequestSubject(facts.repository.id),
    aud: attestation.audience,
    iat: iatSeconds,
    nbf: iatSeconds - limits.tokenNotBeforeSkewSeconds,
    exp: iatSeconds + limits.tokenLifetimeSeconds,
    jti: tokenId,
  })
}

type Facts = Attestation['facts']

const repositoryClaims = ({ repository, headRepository }: Facts) => ({
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
})

const pullRequestClaims = ({ pullRequest }: Facts) =>
  pullRequest && {
    base_ref: pullRequest.baseRef,
    base_sha: pullRequest.baseSha,
    pull_request_number: pullRequest.number,
    pr_author_id: pullRequest.author.id,
    author_association: pullRequest.authorAssociation,
  }

const runClaims = ({ run, job, actor, triggeringActor }: Facts) => ({
  head_sha: run.headSha,
  head_ref: run.headRef,
  run_id: run.id,
  run_number: run.number,
  run_attempt: run.attempt,
  // A job of Actions is a check run, and both have the same number.
  ...(job && { job_id: job.id, check_run_id: job.id }),
  workflow: run.workflowName,
  workflow_path: run.workflowPath,
  actor: actor.login,
  actor_id: actor.id,
  triggering_actor: triggeringActor.login,
  triggering_actor_id: triggeringActor.id,
})
