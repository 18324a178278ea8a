import type { Bus } from '@forkproof/infra/bus'
import { serviceNames } from '@forkproof/local/running/service-environment'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  countEvents,
  expectOneToken,
  startTestClaim,
  stateOf,
  type TestClaim,
  untilDecided,
  untilInHand,
  untilSeen,
} from '../testing/claim-harness.ts'
import { createForkRun, postJson, problemCode } from '../testing/claim-requests.ts'
import { openBus } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
let bus: Bus
let services: readonly number[]
const proven: string[] = []
const pids = () =>
  serviceNames.filter(name => harness.system.isRunning(name)).map(name => harness.system.part(name).pid)
beforeAll(async () => {
  harness = await openSystemHarness()
  bus = await openBus(harness.system, 'signer')
  services = pids()
})

async function readiness() {
  const response = await fetch(`${harness.issuer}/readyz`, { signal: AbortSignal.timeout(10_000) })
  const report: unknown = await response.json()
  return { status: response.status, retryAfter: response.headers.get('retry-after'), report }
}
const untilReady = () =>
  expect.poll(readiness, { timeout: 30_000, interval: 100 }).toMatchObject({ status: 200, report: { ready: true } })

async function tryClaim() {
  const of = await createForkRun(harness.github)
  const body = { eventName: 'pull_request', repo: of.repository, runID: String(of.run.id) }
  return postJson(`${harness.issuer}/claim`, body)
}

async function twoOpenClaims(): Promise<[TestClaim, TestClaim]> {
  const open = await Promise.all([startTestClaim(harness), startTestClaim(harness)])
  await Promise.all(open.map(one => untilInHand(harness, one, 'watchForProof')))
  return open
}

describe('Temporal killed in the middle of claims', () => {
  let early: TestClaim
  let held: TestClaim
  let asking: ReturnType<typeof untilDecided>

  it('makes the gateway say 503 with Retry-After, and /readyz name it', async () => {
    ;[early, held] = await twoOpenClaims()
    asking = untilDecided(held.answer.exchangeURL)
    await harness.system.killPart('temporal')
    await expect
      .poll(readiness, { timeout: 10_000 })
      .toMatchObject({ status: 503, retryAfter: '2', report: { checks: { temporal: false, bus: true, keys: true } } })
    const refused = await tryClaim()
    expect(refused).toMatchObject({ status: 503 })
    expect(problemCode(refused)).toBe('temporarily_unavailable')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await stateOf(harness, early)).toMatchObject({ status: 503, code: 'temporarily_unavailable' })
  })

  it('loses none of them once it is back, without a restart of any service', async () => {
    // Shown while the gateway can tell nobody.
    await early.show()
    await harness.system.startPart('temporal')
    await untilReady()
    await held.show()
    expect(await asking).toMatchObject({ status: 200 })
    for (const one of [early, held, await openClaimAndShow()]) proven.push(await expectOneToken(harness, bus, one))
    expect(pids()).toEqual(services)
  })
})

describe('NATS killed in the middle of claims', () => {
  let early: TestClaim
  let held: TestClaim
  let asking: ReturnType<typeof untilDecided>

  it('is named by /readyz, while published keys stay readable', async () => {
    ;[early, held] = await twoOpenClaims()
    asking = untilDecided(held.answer.exchangeURL)
    const keys = async () => {
      const response = await fetch(`${harness.issuer}/.well-known/jwks`)
      return { status: response.status, text: await response.text() }
    }
    const before = await keys()
    expect(before).toMatchObject({ status: 200 })
    await harness.system.killPart('nats')
    await expect
      .poll(readiness, { timeout: 10_000 })
      .toMatchObject({ status: 503, retryAfter: '2', report: { checks: { temporal: true, bus: false } } })
    expect(await keys()).toEqual(before)
  })

  it('makes the gateway turn new claims away with 503 and Retry-After', async () => {
    const refused = await tryClaim()
    expect(refused).toMatchObject({ status: 503 })
    expect(problemCode(refused)).toBe('temporarily_unavailable')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('holds back the token, but not the proof, which needs no bus', async () => {
    await Promise.all([early, held].map(one => one.show()))
    await Promise.all([early, held].map(one => untilSeen(harness, one)))
    expect(await stateOf(harness, early)).toMatchObject({ state: 'pending' })
  })

  it('loses no claim once it is back, without a restart of any service', async () => {
    await harness.system.startPart('nats')
    await untilReady()
    expect(await asking).toMatchObject({ status: 200 })
    for (const one of [early, held, await openClaimAndShow()]) proven.push(await expectOneToken(harness, bus, one))
    expect(pids()).toEqual(services)
  })
})

it('leaves one event for each claim', async () => {
  expect(new Set(proven).size).toBe(6)
  expect(await countEvents(harness.system)).toEqual({ 'forkproof.claim.proven.v1': 6 })
})

async function openClaimAndShow(): Promise<TestClaim> {
  const open = await startTestClaim(harness)
  await open.show()
  return open
}
