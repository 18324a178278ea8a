import { streams } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import type { LocalSystem } from '@forkproof/local/running/local-system'
import { readEntry } from '@forkproof/signer/issuance/issuance-entry'
import { lastSequence, readLog } from '@forkproof/signer/issuance/read-log'
import { verifyChain } from '@forkproof/signer/issuance/verify-chain'
import { claimWorkflowId } from '@forkproof/workflows/claims/api'
import { decodeJwt } from 'jose'
import { expect } from 'vitest'
import { z } from 'zod'
import { createForkRun, type HttpAnswer, postClaim, postJson, showAsArtifact } from './claim-requests.ts'
import { NatsWire } from './nats-wire.ts'
import type { SystemHarness } from './system-harness.ts'
import { waitUntil } from './wait-until.ts'

const decidedMsMax = 90_000
const stepMsMax = 20_000
/** `temporal.api.enums.v1.PendingActivityState`: a worker has taken it. */
const activityStarted = 2

export type TestClaim = Awaited<ReturnType<typeof startTestClaim>>

/** A claim of a new run by the channel `artifact`. Its code is not shown yet. */
export async function startTestClaim(harness: SystemHarness) {
  const of = await createForkRun(harness.github)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  return { of, answer, show: () => showAsArtifact(harness.github, harness.issuer, of.run, answer) }
}

/** How GitHub behaves for one repository, so that the tests of one file do not disturb each other. */
export const setRepositoryBehaviour = (
  { github }: SystemHarness,
  { repository }: { repository: string },
  behaviour: Record<string, unknown>,
) => github.send('PUT', `/_sim/repositories/${repository}/dials`, behaviour)

/** Asks as a client does: after a pending, unavailable or cut-off answer again, until there is a verdict. */
export async function untilDecided(exchangeURL: string): Promise<HttpAnswer> {
  let last: HttpAnswer | undefined
  const ask = async () => {
    last = await postJson(exchangeURL).catch(() => undefined)
    return last !== undefined && isDecided(last)
  }
  await waitUntil('the claim has its verdict', ask, { msMax: decidedMsMax, everyMs: 100 })
  if (!last) throw new Error('no answer')
  return last
}

const isDecided = ({ status }: HttpAnswer): boolean => status === 200 || (status >= 400 && status !== 503)

/** Resolves when the verifier has signalled the claim's workflow that it saw the code. */
export async function untilSeen({ temporal }: SystemHarness, { answer }: TestClaim): Promise<void> {
  const handle = temporal.workflow.getHandle(claimWorkflowId(answer.claimId))
  const seen = async () =>
    (await handle.fetchHistory()).events?.some(event => event.workflowExecutionSignaledEventAttributes) ?? false
  await waitUntil('the proof is in the history', seen, { msMax: stepMsMax })
}

/** Resolves when a worker has the claim's activity in hand. */
export async function untilInHand(
  { temporal }: SystemHarness,
  { answer }: TestClaim,
  activity: 'watchForProof' | 'mintToken',
): Promise<void> {
  const handle = temporal.workflow.getHandle(claimWorkflowId(answer.claimId))
  const inHand = async () =>
    (await handle.describe()).raw.pendingActivities?.some(
      pending => pending.activityType?.name === activity && pending.state === activityStarted,
    ) ?? false
  await waitUntil(`a worker has ${activity} in hand`, inHand, { msMax: stepMsMax })
}

/** The claim's public state. Reading it does not make the verifier poll. */
export async function stateOf({ issuer }: SystemHarness, { answer }: TestClaim): Promise<Record<string, unknown>> {
  const response = await fetch(`${issuer}/claims/${answer.claimId}`, { signal: AbortSignal.timeout(10_000) })
  return { status: response.status, ...z.record(z.string(), z.unknown()).parse(await response.json()) }
}

/** Resolves when the claim's public state is the given one. Reading it does not make the verifier poll. */
export const untilState = (harness: SystemHarness, open: TestClaim, state: 'proven' | 'refused'): Promise<void> =>
  waitUntil(`the claim is ${state}`, async () => (await stateOf(harness, open))['state'] === state, {
    msMax: decidedMsMax,
  })

/**
 * The token ids of the issuance log by claim. The log must be an intact chain.
 * @param bus a connection of the signer's user
 */
export async function issuedTokens(bus: Bus): Promise<ReadonlyMap<string, readonly string[]>> {
  const issued = new Map<string, string[]>()
  const last = await lastSequence(bus)
  for await (const { text } of readLog(bus, 1, last)) {
    const { claimId, tokenId } = readEntry(text ?? '')
    issued.set(claimId, [...(issued.get(claimId) ?? []), tokenId])
  }
  expect(await verifyChain(readLog(bus, 1, last))).toMatchObject({ verdict: 'intact', count: last })
  return issued
}

/** The claim ended proven, and token, history and issuance log name the same token id. @returns that id */
export async function expectOneToken(harness: SystemHarness, bus: Bus, { answer }: TestClaim): Promise<string> {
  const exchanged = await untilDecided(answer.exchangeURL)
  expect(exchanged).toMatchObject({ status: 200 })
  const tokenId = String(decodeJwt(exchanged.text).jti)
  const verdict = await harness.temporal.workflow.getHandle(claimWorkflowId(answer.claimId)).result()
  expect(verdict).toMatchObject({ verdict: 'proven', tokenId })
  expect((await issuedTokens(bus)).get(answer.claimId)).toEqual([tokenId])
  return tokenId
}

const StreamInfo = z.object({ state: z.object({ subjects: z.record(z.string(), z.number()).optional() }) })

/** How many events of each type the stream holds. No user may read them; an administrator may count them. */
export async function countEvents({ addresses, busPasswords }: LocalSystem): Promise<Record<string, number>> {
  const wire = await NatsWire.open(Number(new URL(addresses.nats).port), 'admin', busPasswords.admin.reveal(), '_INBOX')
  try {
    const answer = await wire.request(`$JS.API.STREAM.INFO.${streams.claims}`, '{"subjects_filter":">"}')
    return StreamInfo.parse(JSON.parse(answer)).state.subjects ?? {}
  } finally {
    wire.close()
  }
}
