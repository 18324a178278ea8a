import { challengeCode } from '@forkproof/contracts/challenge'
import type { Channel } from '@forkproof/contracts/channels'
import { ClaimAnswer, type ClaimRequest } from '@forkproof/contracts/claim'
import type { Audience, ChallengeCode, Issuer, JobId } from '@forkproof/contracts/ids'
import type { ForkRun } from '../environment/run-environment.ts'
import { boundedRequest } from './bounded-request.ts'
import type { ClaimDeadline } from './claim-clock.ts'
import type { ClaimDeps } from './claim-deps.ts'
import { ClaimFailure } from './claim-failure.ts'
import { type ClaimKey, newClaimKey } from './claim-key.ts'
import type { ClientPlace } from './client-channels.ts'
import { claimantLimits } from './limits.ts'
import { readRefusal } from './read-refusal.ts'
import { type AttemptOutcome, failedAttempt, isTransient, retryUntilDone } from './retry-until-done.ts'

/** What the claim asks for. */
export interface ClaimOptions {
  readonly issuer: Issuer
  readonly audience: Audience
  readonly run: ForkRun
  /** What this client can show here, the best first. */
  readonly channels: readonly Channel[]
  readonly place: ClientPlace
  readonly jobId?: JobId
}

/** A claim that the issuer has accepted and whose code is safe to show. */
export interface OpenClaim {
  readonly issuer: Issuer
  readonly audience: Audience
  readonly runId: string
  readonly key: ClaimKey
  readonly challengeCode: ChallengeCode
  readonly exchangeUrl: string
  /** ISO 8601. */
  readonly expiresAt: string
  /** Where the issuer polls for the code: some of the channels that were asked for. */
  readonly channels: readonly Channel[]
}

/** @throws ClaimFailure */
export function openClaim(options: ClaimOptions, deps: ClaimDeps, deadline: ClaimDeadline): Promise<OpenClaim> {
  const { signal, endsAtMs } = deadline
  const attempt = async (): Promise<AttemptOutcome<OpenClaim>> => {
    // Each attempt has a fresh key. If the last answer was lost on its way, its key belongs to a claim already.
    const key = await newClaimKey()
    const answering = boundedRequest({
      method: 'POST',
      url: `${options.issuer}/claim`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(claimBody(options, key)),
      timeoutMs: claimantLimits.requestTimeoutMs,
      signal,
    })
    // Loads the artifact client while the issuer works.
    deps.artifacts?.prepare()
    const answer = await answering
    if (answer.status === 200) return { state: 'done', value: await acceptAnswer(answer.text, options, key) }
    if (isTransient(answer.status)) return failedAttempt(answer)
    const refusal = readRefusal(answer)
    // Something in between sent the request twice, and the answer to the first is lost. A fresh key helps.
    if (refusal.code === 'claim_key_used') return failedAttempt(answer)
    throw refusal
  }
  return retryUntilDone('Claiming', deps, signal, attempt, endsAtMs)
}

const claimBody = (options: ClaimOptions, key: ClaimKey): ClaimRequest => ({
  aud: options.audience,
  eventName: 'pull_request',
  repo: options.run.repository,
  runID: options.run.runId,
  attempt: options.run.attempt,
  ...(options.jobId === undefined ? {} : { jobID: options.jobId }),
  sealTo: key.sealTo,
  channels: [...options.channels],
})

/**
 * Checks the issuer's answer against a relay.
 * A hostile issuer could claim at the same moment at another issuer, or for another key, and give us that claim's code.
 * If we showed it, our run would prove their claim.
 * The code is a hash over issuer, audience, claim id and nonce (shared/contracts/challenge.ts), so a code that
 * we compute from our own values is useless to anybody else. Nothing is shown before this check has passed.
 */
async function acceptAnswer(text: string, options: ClaimOptions, key: ClaimKey): Promise<OpenClaim> {
  const parsed = ClaimAnswer.safeParse(parseJson(text))
  if (!parsed.success) throw untrusted('answer_malformed', 'The issuer’s answer to the claim is not understood')
  const answer = parsed.data
  if (answer.claimId !== key.claimId) {
    throw untrusted('claim_id_foreign', 'The issuer answered with a claim that is not for our key')
  }
  const { issuer, audience } = options
  const expected = await challengeCode({ issuer, audience, claimId: key.claimId, nonce: answer.nonce })
  if (answer.challengeCode !== expected) {
    throw untrusted('challenge_foreign', 'The challenge code is not made for this issuer, audience and key')
  }
  if (!belongsTo(answer.exchangeURL, issuer)) {
    throw untrusted('exchange_elsewhere', 'The token would have to be fetched from another host than the issuer’s')
  }
  const channels = answer.channels.filter(channel => options.channels.includes(channel))
  return {
    issuer,
    audience,
    runId: options.run.runId,
    key,
    challengeCode: answer.challengeCode,
    exchangeUrl: answer.exchangeURL,
    expiresAt: answer.expiresAt,
    channels,
  }
}

function belongsTo(address: string, issuer: Issuer): boolean {
  const url = new URL(address)
  return url.origin === new URL(issuer).origin && url.username === '' && url.password === ''
}

const untrusted = (code: string, title: string) =>
  new ClaimFailure('untrusted', code, {
    title,
    advice: 'Nothing was shown. Check the issuer’s address; if it is right, tell its operator.',
  })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
