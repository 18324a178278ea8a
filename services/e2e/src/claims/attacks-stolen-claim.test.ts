import { request as httpRequest } from 'node:http'
import { type ClaimAnswer, SealKey } from '@forkproof/contracts/claim'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createForkRun,
  exchangeClaim,
  type HttpAnswer,
  makeSealKey,
  postClaim,
  postJson,
  problemCode,
  showAsArtifact,
} from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
let printed: string[]
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_TRUSTED_PROXIES: '127.0.0.1/32' } } })
  printed = []
  harness.system.part('gateway').onLine(line => printed.push(line))
})

const channels = ['artifact']
/** A claim whose code is out, and its run. */
async function shownClaim(change: Record<string, unknown> = {}) {
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels, ...change })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  return { of, answer }
}
const refusal = (answer: HttpAnswer) => ({ status: answer.status, code: problemCode(answer) })
const unknownClaim = { status: 404, code: 'claim_not_found' }
const exchangeOf = (ticket: string) => `${harness.issuer}/exchange/${ticket}`
const ticketOf = (answer: ClaimAnswer): string => answer.exchangeURL.slice(exchangeOf('').length)

/** With headers that `fetch` does not let through. */
function asked(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const text = body === undefined ? '' : JSON.stringify(body)
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const length = { 'content-length': String(Buffer.byteLength(text)) }
  const sent = httpRequest(
    `${harness.issuer}${path}`,
    { method, headers: { ...headers, ...type, ...length } },
    answer => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      answer.on('error', reject)
    },
  )
  sent.setTimeout(40_000, () => sent.destroy(new Error('no answer')))
  sent.on('error', reject)
  sent.end(text)
  return promise
}

describe('a stolen claim id', () => {
  it('gives nothing while the claim is pending nor when it is proven, though it may ask for the public state', async () => {
    const of = await createForkRun(harness.github)
    const answer = await postClaim(harness.issuer, of, { channels })
    expect(refusal(await postJson(exchangeOf(answer.claimId)))).toEqual(unknownClaim)
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    expect(await exchangeClaim(answer.exchangeURL), 'its ticket').toMatchObject({ status: 200 })
    expect(refusal(await postJson(exchangeOf(answer.claimId)))).toEqual(unknownClaim)
    const state = await (await fetch(`${harness.issuer}/claims/${answer.claimId}`)).text()
    expect(JSON.parse(state)).toEqual({ claimId: answer.claimId, state: 'proven' })
  })
})

describe('a ticket', () => {
  it.each<[string, (ticket: string) => string]>([
    ['with another letter', ticket => `${ticket.slice(0, 10)}${ticket[10] === 'A' ? 'B' : 'A'}${ticket.slice(11)}`],
    ['in other letter case', ticket => ticket.toLowerCase().replace('fpt_', 'FPT_')],
    ['that is cut', ticket => ticket.slice(0, -1)],
    ['with something behind', ticket => `${ticket}A`],
    ['without its prefix', ticket => ticket.slice(4)],
    ['behind another path', ticket => `x%2f..%2f${ticket}`],
    ['with a line break', ticket => `${ticket}%0a`],
    ['drawn at random', () => `fpt_${Buffer.alloc(32, 7).toString('base64url')}`],
  ])('%s is an unknown claim', async (_what, change) => {
    const { answer } = await shownClaim()
    expect(await exchangeClaim(answer.exchangeURL), 'the ticket itself').toMatchObject({ status: 200 })
    expect(refusal(await postJson(exchangeOf(change(ticketOf(answer)))))).toEqual(unknownClaim)
  })

  it('opens no other claim of the same run', async () => {
    const { of, answer } = await shownClaim()
    const other = await postClaim(harness.issuer, of, { channels, aud: 'https://other.example.dev' })
    await showAsArtifact(harness.github, harness.issuer, of.run, other)
    const tokens = await Promise.all([answer, other].map(one => exchangeClaim(one.exchangeURL)))
    expect(tokens.map(token => decodeJwt(token.text).aud)).toEqual([
      'https://sts.example.dev',
      'https://other.example.dev',
    ])
  })
})

describe('a claim with a key of its own', () => {
  it('has an exchangeURL that is worth nothing to a thief', async () => {
    const [key, thief] = [await makeSealKey(), await makeSealKey()]
    const { of, answer } = await shownClaim({ sealTo: key.sealTo })
    const stolen = await exchangeClaim(answer.exchangeURL)
    expect(stolen.headers.get('content-type')).toBe('application/jose')
    expect(() => decodeJwt(stolen.text)).toThrow()
    await expect(thief.open(stolen.text)).rejects.toThrow()
    expect(await key.open(stolen.text), 'the claimant').toMatchObject({ run_id: String(of.run.id) })
  })

  it('cannot be claimed for twice: not while it is pending, not when it is proven, not for another run', async () => {
    const { sealTo } = await makeSealKey()
    const of = await createForkRun(harness.github)
    const body = { eventName: 'pull_request', repo: of.repository, runID: String(of.run.id), sealTo, channels }
    const answer = await postClaim(harness.issuer, of, { sealTo, channels })
    const used = { status: 409, code: 'claim_key_used' }
    expect(refusal(await postJson(`${harness.issuer}/claim`, body))).toEqual(used)
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    expect(await exchangeClaim(answer.exchangeURL)).toMatchObject({ status: 200 })
    expect(refusal(await postJson(`${harness.issuer}/claim`, body))).toEqual(used)
    const mine = await createForkRun(harness.github)
    const forMine = { ...body, repo: mine.repository, runID: String(mine.run.id), aud: 'https://other.example.dev' }
    expect(refusal(await postJson(`${harness.issuer}/claim`, forMine))).toEqual(used)
    await expect(
      postClaim(harness.issuer, mine, { sealTo: (await makeSealKey()).sealTo }),
      'a fresh key',
    ).resolves.toBeTruthy()
  })

  it('must bring a key that something can be sealed to', async () => {
    const of = await createForkRun(harness.github)
    const zero = SealKey.parse({ kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) })
    const body = { eventName: 'pull_request', repo: of.repository, runID: String(of.run.id), channels }
    const refused = { status: 400, code: 'invalid_seal_key' }
    expect(refusal(await postJson(`${harness.issuer}/claim`, { ...body, sealTo: zero }))).toEqual(refused)
    const { sealTo } = await makeSealKey()
    expect(
      refusal(await postJson(`${harness.issuer}/claim`, { ...body, sealTo: { ...sealTo, d: sealTo['x'] } })),
    ).toEqual(refused)
  })
})

describe('an exchange that is repeated', () => {
  const from = (answer: ClaimAnswer, address: string) =>
    postJson(answer.exchangeURL, undefined, { 'x-forwarded-for': address })
  const repeats = (answer: ClaimAnswer) =>
    printed
      .filter(line => line.includes('exchange repeated from another address') && line.includes(answer.claimId))
      .map((line): string => JSON.parse(line).address)

  it('from another address gives the same token and leaves a line in the log, without token or ticket', async () => {
    const { answer } = await shownClaim()
    const first = await from(answer, '203.0.113.7')
    expect(first.status).toBe(200)
    expect((await from(answer, '203.0.113.7')).text).toBe(first.text)
    expect(repeats(answer)).toEqual([])
    expect((await from(answer, '198.51.100.9')).text).toBe(first.text)
    await expect.poll(() => repeats(answer), { timeout: 10_000 }).toEqual(['198.51.100.9'])
    expect(printed.join('\n')).not.toContain(first.text.slice(-40))
    expect(printed.join('\n')).not.toContain(ticketOf(answer))
  })
})

describe('a forged Host', () => {
  const forged = {
    host: 'evil.example.com',
    'x-forwarded-host': 'evil.example.com',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    forwarded: 'for=203.0.113.9;host=evil.example.com;proto=https',
    'x-original-url': '/evil',
  }

  it.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks'])(
    'leaves %s as it is',
    async path => {
      const honest = await asked('GET', path, {})
      expect(await asked('GET', path, forged)).toBe(honest)
      expect(honest).not.toContain('evil')
    },
  )

  it('changes neither exchangeURL nor the token’s issuer', async () => {
    const of = await createForkRun(harness.github)
    const body = { eventName: 'pull_request', repo: of.repository, runID: String(of.run.id), channels }
    const answer: ClaimAnswer = JSON.parse(await asked('POST', '/claim', forged, body))
    expect(answer.exchangeURL.startsWith(`${harness.issuer}/exchange/fpt_`)).toBe(true)
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    const token = await asked('POST', `/exchange/${ticketOf(answer)}`, forged)
    expect(decodeJwt(token)).toMatchObject({ iss: harness.issuer, aud: harness.issuer })
  })
})
