import { ClaimAnswer, ClaimState } from '../claim.ts'
import { ClaimSpec, ClaimVerdict, MintRequest } from '../claim-spec.ts'
import { ForkproofEvent } from '../events.ts'
import { IdTokenClaims } from '../token.ts'
import { type SampleMessage, sampleValues } from './sample-message.ts'

const { thumbprint, uuid, time, atMs, sealKey, code, envelope } = sampleValues

const claimSpec = {
  claimId: thumbprint,
  audience: 'https://sts.example.dev',
  repository: 'octo-org/octo-repo',
  runId: '77',
  attempt: '1',
  jobId: '99',
  sealKey,
  ownKey: true,
  challengeCode: code,
  nonce: 'N'.repeat(22),
  channels: ['artifact'],
  claimedAtMs: atMs,
  expiresAtMs: atMs + 60_000,
}

export const sampleClaimMessages: readonly SampleMessage[] = [
  { name: 'the input of a claim', schema: ClaimSpec, value: claimSpec },
  {
    name: 'the verdict proven',
    schema: ClaimVerdict,
    value: { verdict: 'proven', tokenId: uuid, channel: 'log', sealedToken: 'sealed', ownKey: true },
  },
  {
    name: 'the verdict refused',
    schema: ClaimVerdict,
    value: { verdict: 'refused', reason: 'not_a_fork', detail: 'd' },
  },
  {
    name: 'a request to mint',
    schema: MintRequest,
    value: { order: { claimId: thumbprint, audience: claimSpec.audience, sealKey }, attestation: 'a.b.c' },
  },
  {
    name: 'the answer to a claim',
    schema: ClaimAnswer,
    value: {
      challengeCode: code,
      exchangeURL: 'https://proof.example.dev/exchange/x',
      claimId: thumbprint,
      expiresAt: time,
      channels: ['log'],
      nonce: 'N'.repeat(22),
    },
  },
  {
    name: 'the state of a claim',
    schema: ClaimState,
    value: { claimId: thumbprint, state: 'refused', reason: 'not_a_fork', detail: 'd' },
  },
  {
    name: 'the event of a proven claim',
    schema: ForkproofEvent,
    value: {
      ...envelope(thumbprint),
      type: 'forkproof.claim.proven.v1',
      data: {
        repository: 'octo-org/octo-repo',
        repositoryId: '74',
        runId: '77',
        pullRequest: '12',
        channel: 'log',
        tokenId: uuid,
        audience: 'https://sts.example.dev',
      },
    },
  },
  {
    name: 'the event of a refused claim',
    schema: ForkproofEvent,
    value: {
      ...envelope(thumbprint),
      type: 'forkproof.claim.refused.v1',
      data: { repository: 'octo-org/octo-repo', runId: '77', reason: 'not_a_fork' },
    },
  },
  {
    name: 'the claims of an ID token',
    schema: IdTokenClaims,
    value: {
      iss: 'https://proof.example.dev',
      sub: 'repo_id:74:fork_pull_request',
      aud: 'https://sts.example.dev',
      iat: 1_790_000_000,
      nbf: 1_789_999_970,
      exp: 1_790_000_300,
      jti: uuid,
      event_name: 'pull_request',
      repository: 'octo-org/octo-repo',
      repository_id: '74',
      repository_owner: 'octo-org',
      repository_owner_id: '7',
      repository_visibility: 'public',
      head_repository: 'alice/octo-repo',
      head_repository_id: '75',
      head_repository_owner: 'alice',
      head_repository_owner_id: '8',
      head_sha: 'a'.repeat(40),
      head_ref: 'fix',
      base_ref: 'main',
      base_sha: 'b'.repeat(40),
      pull_request_number: '12',
      pr_author_id: '8',
      author_association: 'NONE',
      pull_request_state: 'open',
      pull_request_read_at: 1_790_000_000,
      run_id: '77',
      run_number: '10',
      run_attempt: '1',
      job_id: '99',
      check_run_id: '99',
      workflow: 'ci',
      workflow_path: '.github/workflows/ci.yml',
      actor: 'alice',
      actor_id: '8',
      triggering_actor: 'alice',
      triggering_actor_id: '8',
      proof_method: 'log',
    },
  },
]
