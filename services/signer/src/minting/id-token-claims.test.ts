import { TokenId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { attestationFor, createClaim, createSignerHarness, facts, signerIssuer } from '../testing/signer-harness.ts'
import { idTokenClaims } from './id-token-claims.ts'

const harness = createSignerHarness()
const claim = await createClaim()
const tokenId = TokenId.parse('00000000-0000-4000-8000-000000000001')
const iatSeconds = 1_790_000_000
const claimsOf = (changes: Partial<typeof facts> = {}) =>
  idTokenClaims({
    issuer: signerIssuer,
    subjectParts: [],
    attestation: attestationFor(harness, claim, { facts: { ...facts, ...changes } }),
    tokenId,
    iatSeconds,
  })

describe('the claims of an ID token', () => {
  it('are the documented ones', () => {
    expect(claimsOf()).toEqual({
      iss: 'https://issuer.example',
      sub: 'repo_id:456789:fork_pull_request',
      aud: 'https://sts.example',
      iat: 1_790_000_000,
      nbf: 1_789_999_970,
      exp: 1_790_000_300,
      jti: tokenId,
      event_name: 'pull_request',
      repository: 'octo-org/octo-repo',
      repository_id: '456789',
      repository_owner: 'octo-org',
      repository_owner_id: '123456',
      repository_visibility: 'public',
      head_repository: 'alice/octo-repo',
      head_repository_id: '998877',
      head_repository_owner: 'alice',
      head_repository_owner_id: '5544',
      head_sha: 'a'.repeat(40),
      head_ref: 'fix',
      base_ref: 'main',
      base_sha: 'b'.repeat(40),
      pull_request_number: '12',
      pr_author_id: '5544',
      author_association: 'FIRST_TIME_CONTRIBUTOR',
      pull_request_state: 'open',
      pull_request_read_at: 1_789_999_999,
      run_id: '30433642',
      run_number: '10',
      run_attempt: '1',
      workflow: 'ci',
      workflow_path: '.github/workflows/ci.yml',
      actor: 'alice',
      actor_id: '5544',
      triggering_actor: 'alice',
      triggering_actor_id: '5544',
      proof_method: 'artifact',
    })
  })

  it('name the job only where the proof names it', () => {
    expect(claimsOf({ job: { id: '77' } })).toMatchObject({ job_id: '77', check_run_id: '77' })
    expect(Object.keys(claimsOf())).not.toContain('job_id')
  })

  it('leave out what the pull request would have said when it is not known', () => {
    const { pullRequest: _, ...without } = facts
    const claims = idTokenClaims({
      issuer: signerIssuer,
      subjectParts: [],
      attestation: attestationFor(harness, claim, { facts: without }),
      tokenId,
      iatSeconds,
    })
    expect(Object.keys(claims).filter(name => /^(base_|pull_|pr_|author_)/.test(name))).toEqual([])
  })

  it('have a subject with the parts that the signer is set to, from the attested facts', () => {
    const attestation = attestationFor(harness, claim)
    const given = { issuer: signerIssuer, attestation, tokenId, iatSeconds }
    const subjectParts = ['workflow_path', 'base_ref'] as const
    expect(idTokenClaims({ ...given, subjectParts }).sub).toBe(
      'repo_id:456789:fork_pull_request:base_ref:main:workflow_path:.github/workflows/ci.yml',
    )
  })

  it('have a subject that no name can change and that every relying party can hold', () => {
    const renamed = { ...facts.repository, name: 'evil/x:pull_request', owner: 'evil' }
    expect(claimsOf({ repository: renamed }).sub).toBe(claimsOf().sub)
    expect(claimsOf({ repository: { ...facts.repository, id: '9007199254740991' } }).sub.length).toBeLessThan(127)
  })

  it('carry hostile text as text', () => {
    const run = { ...facts.run, headRef: '","sub":"root', workflowName: '\u202eevil\u0000' }
    const read = JSON.parse(JSON.stringify(claimsOf({ run })))
    expect(read.sub).toBe('repo_id:456789:fork_pull_request')
    expect(read.head_ref).toBe(run.headRef)
  })

  it('are the same text for the same input', () => {
    expect(JSON.stringify(claimsOf())).toBe(JSON.stringify(claimsOf()))
  })
})
