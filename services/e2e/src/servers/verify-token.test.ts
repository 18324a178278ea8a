import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyTokenWith } from '@forkproof/local/tools/verify-token'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openServerHarness, type ServerHarness } from '../testing/server-harness.ts'

const ours = generateKeyPairSync('rsa', { modulusLength: 2048 })
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })
let harness: ServerHarness
let server: Server
let program = ''
let issuer = ''

beforeAll(async () => {
  harness = await openServerHarness()
  program = await harness.program('verify-token')
  server = createServer((request, response) => {
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': {
        issuer,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256'],
      },
      '/jwks': { keys: [{ ...ours.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] },
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}, 600_000)
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await harness.close()
})

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const nowSeconds = () => Math.floor(Date.now() / 1000)

function tokenOf(claims: object = {}, header: object = {}, key: KeyObject = ours.privateKey): string {
  const payload = {
    iss: issuer,
    aud: 'builder',
    sub: 'repo_id:1',
    iat: nowSeconds(),
    exp: nowSeconds() + 300,
    ...claims,
  }
  const text = `${encoded({ alg: 'RS256', kid: 'k1', typ: 'JWT', ...header })}.${encoded(payload)}`
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}
const verify = (token: string, more: { issuer?: string; audience?: string } = {}) =>
  verifyTokenWith(program, { issuer, audience: 'builder', token, ...more }, AbortSignal.timeout(20_000))

test('a good token is verified from the discovery document and its claims are shown', async () => {
  expect(await verify(`${tokenOf()}\n`)).toMatchObject({
    verified: true,
    claims: { iss: issuer, aud: 'builder', sub: 'repo_id:1' },
  })
})

test.each([
  ['an expired token', () => tokenOf({ exp: nowSeconds() - 600 }), 'expired'],
  ['another audience', () => tokenOf({ aud: 'somebody' }), 'audience'],
  ['another issuer', () => tokenOf({ iss: 'https://issuer.example' }), 'different provider'],
  ['a foreign key under our kid', () => tokenOf({}, {}, foreign.privateKey), 'signature'],
  ['alg none', () => `${encoded({ alg: 'none' })}.${tokenOf().split('.')[1]}.`, 'none'],
  ['HS256', () => tokenOf({}, { alg: 'HS256' }), 'HS256'],
  ['no token', () => '', 'malformed'],
  ['a token of a megabyte', () => 'a'.repeat(1 << 20), 'too long'],
])('%s is refused with a reason', async (_, token, reason) => {
  const verification = await verify(token())
  expect(verification.verified).toBe(false)
  expect(verification).toMatchObject({ reason: expect.stringContaining(reason) })
})

test('a changed claim breaks the signature', async () => {
  const [head, , signature] = tokenOf().split('.')
  const payload = encoded({ iss: issuer, aud: 'builder', sub: 'repo_id:2', exp: nowSeconds() + 300 })
  expect(await verify(`${head}.${payload}.${signature}`)).toMatchObject({ verified: false })
})

test('an issuer whose document names another one is refused', async () => {
  const other = issuer.replace('127.0.0.1', 'localhost')
  expect(await verify(tokenOf(), { issuer: other })).toMatchObject({ verified: false })
})

test('wrong usage is an error, not a refusal', async () => {
  await expect(verify(tokenOf(), { audience: '' })).rejects.toThrow('verify-token ended with 2')
})

test('a program that is not there is an error', async () => {
  const input = { issuer, audience: 'builder', token: tokenOf() }
  await expect(verifyTokenWith('/does/not/exist', input, AbortSignal.timeout(5_000))).rejects.toThrow('ENOENT')
})
