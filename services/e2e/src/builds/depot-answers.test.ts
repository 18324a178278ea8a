import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun, exchangeClaim, postJson, showInLog } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_EXCHANGE_HOLD_MS: '300' } } })
})

type ForkRun = Awaited<ReturnType<typeof createForkRun>>
/** The body that Depot's clients send (docs/facts/depot.md#claim-contract). */
const body = (of: ForkRun) => ({
  aud: 'https://depot.dev',
  eventName: 'pull_request',
  repo: of.repository,
  runID: String(of.run.id),
  attempt: '1',
})

describe('a client of Depot’s', () => {
  it('finds challengeCode and exchangeURL, prints its sentence and gets the bare token as text', async () => {
    const of = await createForkRun(harness.github)
    const claimed = await postJson(`${harness.issuer}/claim`, body(of))
    expect(claimed.status).toBe(200)
    expect(claimed.headers.get('content-type')).toMatch(/^application\/json/)
    const answer = JSON.parse(claimed.text)
    expect(answer).toMatchObject({
      challengeCode: expect.stringMatching(/^\S+$/),
      exchangeURL: expect.stringMatching(/^https?:\/\//),
    })
    // Only the line is shown; the gateway gets no hint.
    await showInLog(harness.github, of.run, answer)
    const token = await exchangeClaim(answer.exchangeURL)
    expect(token).toMatchObject({ status: 200, text: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) })
    expect(token.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(decodeJwt(token.text)).toMatchObject({ aud: 'https://depot.dev', iss: harness.issuer, proof_method: 'log' })
  })

  it('is told to go on while the code is not seen, and its asking early and often spoils nothing', async () => {
    const of = await createForkRun(harness.github)
    const answer = JSON.parse((await postJson(`${harness.issuer}/claim`, body(of))).text)
    for (let turn = 0; turn < 3; turn++) {
      const early = await postJson(answer.exchangeURL)
      // That client tries again after any status but 200, and 200 has the token.
      expect(early).toMatchObject({ status: 202, text: '{"state":"pending"}' })
      expect(early.headers.get('retry-after')).toBe('1')
    }
    await showInLog(harness.github, of.run, answer)
    expect(await exchangeClaim(answer.exchangeURL)).toMatchObject({ status: 200 })
  })

  it.each<[string, RequestInit]>([
    ['no body and no type', {}],
    ['an empty body called JSON', { body: '', headers: { 'content-type': 'application/json' } }],
    ['an empty body called a form', { body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['an empty object', { body: '{}', headers: { 'content-type': 'application/json' } }],
  ])('may exchange with %s', async (_what, request) => {
    const of = await createForkRun(harness.github)
    const answer = JSON.parse((await postJson(`${harness.issuer}/claim`, body(of))).text)
    await showInLog(harness.github, of.run, answer)
    await exchangeClaim(answer.exchangeURL)
    const again = await fetch(answer.exchangeURL, { method: 'POST', ...request, signal: AbortSignal.timeout(40_000) })
    expect(again.status).toBe(200)
    expect(decodeJwt(await again.text())).toMatchObject({ aud: 'https://depot.dev' })
  })

  it.each<[string, Record<string, unknown>, number]>([
    ['a refused event', { eventName: 'push' }, 403],
    ['a run that is no number', { runID: 'x' }, 400],
    ['an audience that is not served', { aud: 'sigstore' }, 400],
  ])('reads why it was not served for %s from the member error', async (_what, change, status) => {
    const answer = await postJson(`${harness.issuer}/claim`, {
      ...body(await createForkRun(harness.github)),
      ...change,
    })
    expect({ status: answer.status, error: JSON.parse(answer.text).error }).toEqual({
      status,
      error: expect.stringMatching(/\w+/),
    })
  })
})
