import { generateKeyPairSync } from 'node:crypto'
import { AppError } from '@forkproof/contracts/errors'
import { Issuer } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  forkClaims,
  githubKey,
  jwksOf,
  ourKey,
  pushClaims,
  signToken,
  strangersKey,
} from '../../testing/fake-token-issuers.ts'
import { githubClaims } from './github-claims.ts'
import { readKeySet } from './key-set.ts'
import { ownClaims } from './own-claims.ts'
import { createIdTokenVerifier } from './verify-id-token.ts'

const ours = Issuer.parse('https://oidc.example.dev')
const theirs = Issuer.parse('https://token.actions.githubusercontent.com')
const audience = 'https://sts.example.dev'
const clock = new FakeClock()
const now = Math.floor(clock.now() / 1_000)
const asked: string[] = []

const keysOf = (...keys: Parameters<typeof jwksOf>) => {
  const set = readKeySet(jwksOf(...keys))
  return {
    keyFor: async (keyId: string) => {
      asked.push(keyId)
      const key = (await set).get(keyId)
      if (!key) throw new AppError('id_token_invalid', { detail: 'its issuer has no such key' })
      return key
    },
  }
}
const verify = createIdTokenVerifier({
  issuers: [
    { issuer: ours, keys: keysOf(ourKey), claimsOf: ownClaims },
    { issuer: theirs, keys: keysOf(githubKey), claimsOf: githubClaims },
  ],
  audiences: [audience, 'https://depot.dev'],
  clock,
})
const own = (registered: JWTPayload = {}, claims: JWTPayload = {}, header: Record<string, string | undefined> = {}) =>
  signToken(
    { ...forkClaims, ...claims },
    { key: ourKey, nowMs: clock.now(), registered: { iss: ours, aud: audience, ...registered }, header },
  )
const github = (registered: JWTPayload = {}, claims: JWTPayload = {}) =>
  signToken(
    { ...pushClaims, ...claims },
    { key: githubKey, nowMs: clock.now(), registered: { iss: theirs, aud: audience, ...registered } },
  )
const result = (token: string) => verify(new Secret(token))
const refusal = (token: string) =>
  result(token).then(
    () => 'accepted',
    (error: AppError) => (error.code === 'id_token_invalid' ? error.detail : error.code),
  )

describe('an ID token that verifies', () => {
  it('of ours may have claims that only a newer signer writes, and they change nothing', async () => {
    const { claims } = await result(await own())
    expect((await result(await own({ pull_request_draft: true, admin: 'true' }))).claims).toEqual(claims)
  })

  it('of ours tells the facts of a fork’s run', async () => {
    expect(await result(await own())).toMatchObject({
      issuer: ours,
      audience,
      expiresAtMs: (now + 300) * 1_000,
      tokenSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      claims: {
        eventClass: 'fork_pull_request',
        run: { repository: 'octo-org/octo-repo', repositoryId: '456789', runId: '77', attempt: '1' },
        workflowPath: '.github/workflows/build.yml',
        baseRef: 'main',
        authorAssociation: 'CONTRIBUTOR',
      },
    })
  })

  it('of GitHub tells those of a trusted run', async () => {
    expect((await result(await github({ aud: 'https://depot.dev' }))).claims).toEqual({
      eventClass: 'trusted',
      run: {
        eventClass: 'trusted',
        repository: 'octo-org/octo-repo',
        repositoryId: '456789',
        runId: '78',
        attempt: '1',
      },
      workflowPath: '.github/workflows/build.yml',
      event: 'push',
      ref: 'refs/heads/main',
    })
  })

  it.each([
    ['just expired, by a clock 5 s behind', { exp: now - 4 }],
    ['not yet valid, by a clock 5 s ahead', { nbf: now + 5 }],
    ['from 4 seconds ahead', { iat: now + 4 }],
    ['an hour old', { iat: now - 3_600 }],
  ])('may be %s', async (_name, times) => {
    expect(await refusal(await own(times))).toBe('accepted')
  })

  it('may be one of a later release’s: a claim that is not known here says nothing', async () => {
    const token = await own({}, { admin: 'true', eventClass: 'trusted' })
    expect((await result(token)).claims).toEqual((await result(await own())).claims)
  })

  it('may leave out what the run did not show', async () => {
    const names = ['base_ref', 'author_association', 'pull_request_number', 'pull_request_state']
    const token = await own({}, Object.fromEntries(names.map(name => [name, undefined])))
    expect(Object.keys((await result(token)).claims)).toEqual(['eventClass', 'run', 'workflowPath', 'proofMethod'])
  })
})

describe('an ID token is refused', () => {
  it.each<[string, JWTPayload, string]>([
    ['expired', { exp: now - 6 }, 'it has expired'],
    ['without an end', { exp: undefined as never }, 'the claim exp does not fit'],
    ['of the future', { nbf: now + 60 }, 'the claim nbf does not fit'],
    ['made in the future', { iat: now + 60 }, 'the claim iat does not fit'],
    ['older than an hour', { iat: now - 3_606, exp: now + 86_400 }, 'it is too old'],
    ['of no known age', { iat: undefined as never }, 'the claim iat does not fit'],
    ['for somebody else', { aud: 'https://sts.example' }, 'the claim aud does not fit'],
    ['for an audience in other case', { aud: audience.toUpperCase() }, 'the claim aud does not fit'],
    ['for nobody', { aud: undefined as never }, 'the claim aud does not fit'],
    ['for us and somebody else', { aud: [audience, 'https://x.example'] }, 'it has more than one audience'],
    ['for us in a list', { aud: [audience] }, 'it has more than one audience'],
    ['without an id', { jti: undefined as never }, 'the claim jti does not fit'],
    ['with an empty id', { jti: '' }, 'its jti is unusable'],
    ['with a numeric id', { jti: 7 as never }, 'its jti is unusable'],
    ['with an endless id', { jti: 'x'.repeat(256) }, 'its jti is unusable'],
    ['without a subject', { sub: undefined as never }, 'the claim sub does not fit'],
  ])('when it is %s', async (_name, registered, detail) => {
    expect(await refusal(await github(registered))).toBe(detail)
  })

  it.each([
    `${ours}/`,
    ours.toUpperCase(),
    'http://oidc.example.dev',
    'https://oidc.example.dev.evil.example',
    'https://token.actions.githubusercontent.com/evil',
    '',
    ' ',
  ])('of the issuer %j, without asking for a key', async iss => {
    asked.length = 0
    expect(await refusal(await own({ iss }))).toBe('its issuer is not one that is trusted here')
    expect(asked).toEqual([])
  })

  it('when the signature is another’s, whichever key is named', async () => {
    const options = { key: strangersKey, nowMs: clock.now(), registered: { iss: ours, aud: audience } }
    expect(await refusal(await signToken(forkClaims, options))).toBe('its issuer has no such key')
    const posing = { ...options, header: { kid: ourKey.kid } }
    expect(await refusal(await signToken(forkClaims, posing))).toBe('its signature does not verify')
  })

  it('when one issuer’s key signs in the name of the other', async () => {
    const asGithub = { key: ourKey, nowMs: clock.now(), registered: { iss: theirs, aud: audience } }
    expect(await refusal(await signToken(pushClaims, asGithub))).toBe('its issuer has no such key')
    const asOurs = { key: githubKey, nowMs: clock.now(), registered: { iss: ours, aud: audience } }
    expect(await refusal(await signToken(forkClaims, asOurs))).toBe('its issuer has no such key')
  })

  it.each([
    ['no key', { kid: undefined }, 'it names no key'],
    ['an empty key id', { kid: '' }, 'it names no key'],
    ['an endless key id', { kid: 'x'.repeat(256) }, 'it names no key'],
    ['another type', { typ: 'at+jwt' }, 'the claim typ does not fit'],
    ['an attestation’s type', { typ: 'forkproof-attestation+jwt' }, 'the claim typ does not fit'],
    ['no type', { typ: undefined }, 'the claim typ does not fit'],
  ])('when its header has %s', async (_name, header, detail) => {
    expect(await refusal(await own({}, {}, header))).toBe(detail)
  })

  it('when its algorithm is none, or takes the public key for a shared secret', async () => {
    const registered = { iss: ours, aud: audience, iat: now, exp: now + 60, jti: 'x' }
    const unsigned = new UnsecuredJWT({ ...forkClaims, ...registered }).encode()
    expect(await refusal(unsigned)).toBe('it is not a signed JWT')
    const secret = Buffer.from(JSON.stringify(ourKey.published))
    const shared = await new SignJWT({ ...forkClaims, ...registered })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: ourKey.kid })
      .sign(secret)
    expect(await refusal(shared)).toBe('its algorithm is not RS256')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const elliptic = await new SignJWT({ ...forkClaims, ...registered })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: ourKey.kid })
      .sign(privateKey)
    expect(await refusal(elliptic)).toBe('its algorithm is not RS256')
  })

  it.each<[string, JWTPayload]>([
    ['GitHub’s claims under our name', pushClaims],
    ['an unknown claim in place of a known one', { ...forkClaims, run_id: undefined, run: '77' }],
    ['another repository in the subject', { ...forkClaims, sub: 'repo_id:1:fork_pull_request' }],
    ['a numeric id', { ...forkClaims, repository_id: 456_789 }],
    ['another event', { ...forkClaims, event_name: 'push' }],
    ['a private repository', { ...forkClaims, repository_visibility: 'private' }],
    ['no repository’s name', { ...forkClaims, repository: 'octo-org' }],
  ])('when it is one of ours with %s', async (_name, claims) => {
    const registered = { iss: ours, aud: audience, jti: '2b5e7d3a-5f0e-4f64-a1c8-9a3f6f4f0f10' }
    const token = await signToken(claims, { key: ourKey, nowMs: clock.now(), registered })
    expect(await refusal(token)).toBe('its claims are not those of its issuer')
  })

  it.each<[string, JWTPayload]>([
    ['repository_id', { repository_id: undefined }],
    ['repository_id', { repository_id: '456789 ' }],
    ['repository_id', { repository_id: 456_789 }],
    ['repository', { repository: 'octo-org/../octo-repo' }],
    ['run_id', { run_id: '0' }],
    ['run_attempt', { run_attempt: undefined }],
    ['event_name', { event_name: '' }],
  ])('when it is GitHub’s with an unusable %s', async (_name, claims) => {
    expect(await refusal(await github({}, claims))).toBe('its claims are not those of its issuer')
  })

  it.each([
    ['nothing', ''],
    ['no JWT', 'x'],
    ['no JSON', 'eA.eA.eA'],
    ['a list', 'W10.W10.W10'],
    ['a number', 'MQ.MQ.MQ'],
    ['five parts', 'a.b.c.d.e'],
    ['other characters', 'a+.b/.c='],
  ])('when it is %s', async (_name, token) => {
    expect(await refusal(token)).toBe('it is not a signed JWT')
  })

  it('when it is too long, before it is read', async () => {
    expect(await refusal(`${'a'.repeat(16_384)}.b.c`)).toBe('it is too long')
  })

  it('when any one character of it was changed', async () => {
    const token = await own()
    for (let at = 0; at < token.length - 1; at += 17) {
      const other = token[at] === 'A' ? 'B' : 'A'
      expect([at, await refusal(token.slice(0, at) + other + token.slice(at + 1))]).not.toEqual([at, 'accepted'])
    }
  })
})

describe('the workflow’s path in GitHub’s claims', () => {
  const pathOf = (workflow_ref: string | undefined, ref?: string) =>
    githubClaims({ ...pushClaims, workflow_ref, ref })?.workflowPath
  const prefix = 'octo-org/octo-repo/'

  it.each([
    [`${prefix}.github/workflows/a.yml@refs/heads/main`, 'refs/heads/main', '.github/workflows/a.yml'],
    [`${prefix}.github/workflows/a.yml@refs/heads/a@b`, 'refs/heads/a@b', '.github/workflows/a.yml'],
    [`${prefix}.github/workflows/a.yml@b.yml@refs/heads/main`, 'refs/heads/main', '.github/workflows/a.yml@b.yml'],
    [`${prefix}.github/workflows/a.yml@refs/heads/main`, 'refs/pull/1/merge', '.github/workflows/a.yml'],
  ])('is read from %s', (workflowRef, ref, path) => {
    expect(pathOf(workflowRef, ref)).toBe(path)
  })

  it.each([
    [undefined, 'refs/heads/main'],
    ['', 'refs/heads/main'],
    [`${prefix}.github/workflows/a.yml`, 'refs/heads/main'],
    ['evil/octo-repo/.github/workflows/a.yml@refs/heads/main', 'refs/heads/main'],
    ['octo-org/octo-repo2/.github/workflows/a.yml@refs/heads/main', 'refs/heads/main'],
    [`${prefix}.github/workflows/a.yml@b.yml@refs/heads/main`, undefined],
    [`${prefix}.github/workflows/a.yml@x@refs/heads/main`, 'refs/heads/other'],
  ])('is not guessed from %s', (workflowRef, ref) => {
    expect(pathOf(workflowRef, ref)).toBeUndefined()
  })
})
