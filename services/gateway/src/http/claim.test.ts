import { readFileSync } from 'node:fs'
import { challengeCode } from '@forkproof/contracts/challenge'
import type { Channel } from '@forkproof/contracts/channels'
import { ClaimAnswer } from '@forkproof/contracts/claim'
import { Audience } from '@forkproof/contracts/ids'
import { claimIdOf } from '@forkproof/infra/seal'
import { describe, expect, it } from 'vitest'
import { gatewayHarness, goodClaim, issuer, ownKey } from '../testing/gateway-harness.ts'

const vectors = (file: string): string[] =>
  readFileSync(new URL(`../../../../shared/contracts/vectors/${file}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => String(JSON.parse(line)))

describe('POST /claim', () => {
  it('answers the five members that clients know, and starts one claim', async () => {
    const { claim, claims } = await gatewayHarness()
    const response = await claim({ ...goodClaim, aud: 'https://depot.dev', attempt: '1', extra: 'ignored' })
    expect(response.statusCode).toBe(200)
    const answer = ClaimAnswer.parse(response.json())
    expect(answer.exchangeURL).toMatch(/^https:\/\/oidc\.example\.dev\/exchange\/fpt_[A-Za-z0-9_-]{43}$/)
    expect(claims.started).toHaveLength(1)
    expect(claims.started[0]).toMatchObject({
      claimId: answer.claimId,
      audience: 'https://depot.dev',
      repository: 'octo-org/octo-repo',
      runId: '123',
      attempt: '1',
      ownKey: false,
      expiresAtMs: Date.parse(answer.expiresAt),
    })
    const audience = Audience.parse('https://depot.dev')
    const { claimId, nonce } = answer
    expect(answer.challengeCode).toBe(await challengeCode({ issuer, audience, claimId, nonce }))
  })

  it('never puts the ticket into what is started', async () => {
    const { start, claims } = await gatewayHarness()
    const { exchangeURL } = await start()
    expect(JSON.stringify(claims.started)).not.toContain(exchangeURL.split('fpt_')[1])
  })

  it('takes the claimant’s own key: its thumbprint is the claim, and exchangeURL holds no secret', async () => {
    const { start, claims } = await gatewayHarness()
    const { sealTo } = ownKey()
    const answer = await start({ sealTo })
    expect(answer.claimId).toBe(await claimIdOf(sealTo))
    expect(answer.exchangeURL).toBe(`${issuer}/exchange/${answer.claimId}`)
    expect(claims.started[0]).toMatchObject({ ownKey: true, sealKey: sealTo })
  })

  it('refuses a key that was used before', async () => {
    const { claim, start, claims } = await gatewayHarness()
    const { sealTo } = ownKey()
    await start({ sealTo })
    const response = await claim({ ...goodClaim, sealTo })
    expect(response.statusCode).toBe(409)
    expect(response.json()).toMatchObject({ code: 'claim_key_used' })
    expect(claims.started).toHaveLength(1)
  })

  it('ignores a forged Host in exchangeURL and in the code', async () => {
    const { claim, claims } = await gatewayHarness()
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    const response = await claim(goodClaim, headers)
    expect(response.body).not.toContain('evil')
    expect(response.json<ClaimAnswer>().exchangeURL.startsWith(`${issuer}/exchange/`)).toBe(true)
    expect(claims.started[0]?.audience).toBe(issuer)
  })

  it('answers the channels that were asked for and that are served', async () => {
    const { start } = await gatewayHarness({ channels: ['artifact', 'log'] })
    expect((await start({ channels: undefined })).channels).toEqual(['log'])
    expect((await start({ channels: ['job-log', 'artifact', 'artifact'] })).channels).toEqual(['artifact'])
  })

  it('says 503 with Retry-After while Temporal is down, and recovers by itself', async () => {
    const { claim, claims } = await gatewayHarness()
    claims.down = true
    const response = await claim(goodClaim)
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('2')
    claims.down = false
    expect((await claim(goodClaim)).statusCode).toBe(200)
  })

  it('says 503 with Retry-After and starts nothing while the bus is down, and recovers by itself', async () => {
    const { claim, claims, source } = await gatewayHarness()
    source.broken = true
    const response = await claim(goodClaim)
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('2')
    expect(claims.started).toEqual([])
    source.broken = false
    expect((await claim(goodClaim)).statusCode).toBe(200)
  })
})

const lowOrder = [
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA',
  'X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc',
  '7P_______________________________________38',
  '7f_______________________________________38',
  '7v_______________________________________38',
]
const { sealTo } = ownKey()

describe('POST /claim refuses before anything is started', () => {
  const schemaFaults: [string, object][] = [
    ...vectors('repository-name.invalid').map((repo): [string, object] => [`repo ${JSON.stringify(repo)}`, { repo }]),
    ...vectors('run-id.invalid').map((runID): [string, object] => [`runID ${JSON.stringify(runID)}`, { runID }]),
    ...vectors('audience.invalid').map((aud): [string, object] => [`aud ${JSON.stringify(aud)}`, { aud }]),
    ['an audience of 256 characters', { aud: 'a'.repeat(256) }],
    ['attempt 0', { attempt: '0' }],
    ['attempt 10000', { attempt: '10000' }],
    ['a job that is no number', { jobID: 'build' }],
    ['a run as a number', { runID: 123 }],
    ['a run beyond 2^53 as a number', { runID: 2 ** 60 }],
    ['a repository as an object', { repo: { name: 'x' } }],
    ['a repository as an array', { repo: ['octo-org/octo-repo'] }],
    ['a null event', { eventName: null }],
    ['an unknown channel', { channels: ['title'] }],
    ['no channel', { channels: [] }],
    ['too many channels', { channels: Array(5).fill('log') }],
  ]
  it.each(schemaFaults)('%s', async (_name, body) => {
    const { claim, claims } = await gatewayHarness()
    const response = await claim({ ...goodClaim, ...body })
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'invalid_request', status: 400 })
    expect(response.json().detail).toContain(Object.keys(body)[0])
    expect(claims.started).toEqual([])
  })

  const keyFaults: [string, unknown][] = [
    ['a private key', { ...sealTo, d: sealTo.x }],
    ['another curve', { ...sealTo, crv: 'Ed25519' }],
    ['another type', { ...sealTo, kty: 'EC' }],
    ['a short key', { ...sealTo, x: sealTo.x.slice(1) }],
    ['a padded key', { ...sealTo, x: `${sealTo.x}=` }],
    ['a key in a non-canonical spelling', { ...sealTo, x: `${sealTo.x.slice(0, 42)}B` }],
    ['a key as text', JSON.stringify(sealTo)],
    ['null', null],
    ...lowOrder.map((x): [string, unknown] => [`the low-order point ${x}`, { ...sealTo, x }]),
  ]
  it.each(keyFaults)('sealTo: %s', async (_name, key) => {
    const { claim, claims } = await gatewayHarness()
    const response = await claim({ ...goodClaim, sealTo: key })
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'invalid_seal_key' })
    expect(claims.started).toEqual([])
  })

  const bodies: [string, string, number, string][] = [
    ['an empty body', '', 400, 'invalid_request'],
    ['half a document', '{"repo":', 400, 'invalid_request'],
    ['two documents', '{}{}', 400, 'invalid_request'],
    ['null', 'null', 400, 'invalid_request'],
    ['an array', '[]', 400, 'invalid_request'],
    ['a text', '"x"', 400, 'invalid_request'],
    ['a number beyond all bounds', '1e999', 400, 'invalid_request'],
    ['an empty object', '{}', 400, 'invalid_request'],
    ['deep nesting', `${'['.repeat(4_000)}${']'.repeat(4_000)}`, 400, 'invalid_request'],
    ['a member named twice', '{"eventName":"push","eventName":"pull_request"}', 400, 'invalid_request'],
    ['a member named twice in two spellings', '{"repo":"a/b","r\\u0065po":"c/d"}', 400, 'invalid_request'],
    ['a nested member named twice', '{"sealTo":{"x":1,"x":2}}', 400, 'invalid_request'],
    ['__proto__', '{"__proto__":{"eventName":"pull_request"}}', 400, 'invalid_request'],
    ['an escaped __proto__', '{"\\u005f_proto__":{}}', 400, 'invalid_request'],
    ['constructor', '{"constructor":{"prototype":{}}}', 400, 'invalid_request'],
    ['a body of 8,193 bytes', JSON.stringify({ ...goodClaim, pad: 'x'.repeat(8_193) }), 413, 'body_too_large'],
  ]
  it.each(bodies)('%s', async (_name, body, status, code) => {
    const { claim, claims } = await gatewayHarness()
    const response = await claim(body)
    expect(response.statusCode).toBe(status)
    expect(response.json()).toMatchObject({ code })
    expect(claims.started).toEqual([])
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json', ''])(
    'content type %j',
    async type => {
      const { claim, claims } = await gatewayHarness()
      const response = await claim(goodClaim, { 'content-type': type })
      expect(response.statusCode).toBe(415)
      expect(response.json()).toMatchObject({ code: 'unsupported_media_type' })
      expect(claims.started).toEqual([])
    },
  )

  it.each(['push', 'pull_request_target', 'schedule', 'Pull_Request', 'pull_request '])('event %j', async eventName => {
    const { claim, claims } = await gatewayHarness()
    const response = await claim({ ...goodClaim, eventName })
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'event_not_pull_request', reason: 'event_not_pull_request' })
    expect(claims.started).toEqual([])
  })

  it('a repository that is not served', async () => {
    const { claim, claims } = await gatewayHarness({ serve: ['octo-org/other'] })
    const response = await claim(goodClaim)
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'repository_not_served' })
    expect(claims.started).toEqual([])
  })

  it.each<[string, Channel[], Channel[] | undefined, string]>([
    ['a log without a session cookie', ['artifact'], ['log'], 'log is not read here: it needs a session cookie'],
    ['the log of a finished job', ['step-name'], ['job-log'], 'job-log is not read here: a line in a finished'],
    ['logs only, as clients print that name no channel', ['artifact'], undefined, 'job-log is not read here'],
    ['what its operator turned off', ['step-name'], ['artifact'], 'artifact is not read here: the operator'],
    ['one that is asked for twice', ['artifact'], ['log', 'log'], 'log is not read here'],
  ])('%s, with what works instead', async (_name, read, wanted, why) => {
    const { claim, claims } = await gatewayHarness({ channels: read })
    const response = await claim({ ...goodClaim, channels: wanted })
    expect(response.json()).toMatchObject({ code: 'channel_not_read', status: 400 })
    const { detail } = response.json()
    expect(detail).toContain(why)
    expect(detail).toContain(`Show the code by ${read[0]} (`)
    // Longer ones are cut off, and with that the remedy.
    expect(detail.length).toBeLessThan(400)
    expect(claims.started).toEqual([])
  })

  it.each(['https://sts.example.dev', 'https://oidc.example.dev/', 'any'])(
    'audience %j where only the issuer’s own is served, as by default',
    async aud => {
      const { claim, claims } = await gatewayHarness({ audiences: [] })
      expect((await claim({ ...goodClaim, aud })).json()).toMatchObject({ code: 'invalid_audience', status: 400 })
      expect(claims.started).toEqual([])
      expect((await claim({ ...goodClaim, aud: issuer })).statusCode).toBe(200)
    },
  )

  it.each(['sigstore', 'Sigstore', 'npm:registry.example.dev', 'pypi', 'sts.amazonaws.com'])(
    'audience %j',
    async aud => {
      const { claim, claims } = await gatewayHarness()
      const response = await claim({ ...goodClaim, aud })
      expect(response.json()).toMatchObject({ code: 'invalid_audience', status: 400 })
      expect(claims.started).toEqual([])
    },
  )
})
