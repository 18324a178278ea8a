import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

/** A key of an issuer, as it signs and as it is published. */
async function signingKey() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2048 })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { privateKey, kid, published: { ...jwk, kid, alg: 'RS256', use: 'sig' } }
}
type SigningKey = Awaited<ReturnType<typeof signingKey>>

/** Made once: a key takes tenths of a second. */
export const [ourKey, githubKey, strangersKey] = await Promise.all([signingKey(), signingKey(), signingKey()])

export const jwksOf = (...keys: SigningKey[]): string => JSON.stringify({ keys: keys.map(key => key.published) })

/** Claims of a fork's run as our signer writes them, without the registered ones. */
export const forkClaims = {
  sub: 'repo_id:456789:fork_pull_request',
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
  pull_request_number: '12',
  author_association: 'CONTRIBUTOR',
  pull_request_state: 'open',
  pull_request_read_at: 1_790_000_000,
  run_id: '77',
  run_number: '10',
  run_attempt: '1',
  workflow: 'ci',
  workflow_path: '.github/workflows/build.yml',
  actor: 'alice',
  actor_id: '5544',
  triggering_actor: 'alice',
  triggering_actor_id: '5544',
  proof_method: 'artifact',
}

/** Claims that GitHub gives a push to main. */
export const pushClaims = {
  sub: 'repo:octo-org/octo-repo:ref:refs/heads/main',
  event_name: 'push',
  repository: 'octo-org/octo-repo',
  repository_id: '456789',
  ref: 'refs/heads/main',
  workflow_ref: 'octo-org/octo-repo/.github/workflows/build.yml@refs/heads/main',
  run_id: '78',
  run_attempt: '1',
}

export interface TokenOptions {
  readonly key: SigningKey
  readonly nowMs: number
  readonly registered?: JWTPayload
  readonly header?: Record<string, string | undefined>
}

/** `undefined` in `registered` or `header` leaves a member out. */
export function signToken(claims: JWTPayload, { key, nowMs, registered = {}, header = {} }: TokenOptions) {
  const now = Math.floor(nowMs / 1_000)
  const times = { iat: now, nbf: now - 30, exp: now + 300 }
  return new SignJWT({ ...claims, ...times, jti: randomUUID(), ...registered })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })
    .sign(key.privateKey)
}
