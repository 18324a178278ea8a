import { createHash } from 'node:crypto'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import {
  Audience,
  ChallengeCode,
  ChallengeNonce,
  ClaimId,
  RepositoryName,
  RunAttempt,
  RunId,
} from '@forkproof/contracts/ids'
import type { ProofSeen } from '../api.ts'

/** A claim for tests and for recording histories; another claim id for each name. */
export function sampleClaim(name: string, nowMs = Date.now()): ClaimSpec {
  const digest = createHash('sha256').update(name)
  return {
    claimId: ClaimId.parse(digest.copy().digest('base64url')),
    audience: Audience.parse('https://sts.example.dev'),
    repository: RepositoryName.parse('octo-org/octo-repo'),
    runId: RunId.parse('4711'),
    attempt: RunAttempt.parse('1'),
    sealKey: { kty: 'OKP', crv: 'X25519', x: `${'A'.repeat(42)}A` },
    ownKey: true,
    challengeCode: ChallengeCode.parse(`forkproof-${digest.digest('hex')}`),
    nonce: ChallengeNonce.parse('N'.repeat(22)),
    channels: ['artifact'],
    claimedAtMs: nowMs,
    expiresAtMs: nowMs + 60_000,
  }
}

export const sampleProof: ProofSeen = {
  attestation: 'attestation',
  channel: 'artifact',
  repositoryId: '74',
  pullRequest: '12',
}
