import { type ErrorCode, errorTable, isErrorCode } from '@forkproof/contracts/errors'
import type { BuildId, BuildToken, Issuer } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { type BoundedAnswer, boundedRequest } from '../claiming/bounded-request.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { readRefusal } from '../claiming/read-refusal.ts'
import { type AttemptOutcome, failedAttempt, isTransient } from '../claiming/retry-until-done.ts'
import { ShownBuild } from './build-state.ts'
import { buildingLimits } from './limits.ts'

/** Names one build and is the right to it. The token is a bearer secret. */
export interface BuildHandle {
  readonly issuer: Issuer
  readonly buildId: BuildId
  readonly buildToken: BuildToken
}

export type BuildResult = 'success' | 'error' | 'canceled'
export type BuildHealth = 'alive' | 'over' | 'unknown'

/** One question for what the build is like now; held by the gateway until it differs from `version`. @throws ClaimFailure */
export async function readBuildState(
  build: BuildHandle,
  version: number,
  signal: AbortSignal,
): Promise<AttemptOutcome<ShownBuild>> {
  const answer = await ask(build, 'GET', `?version=${version}`, buildingLimits.stateTimeoutMs, signal)
  if (answer.status !== 200) return retryOrRefusal(answer)
  const shown = ShownBuild.safeParse(parseJson(answer.text))
  if (shown.success) return { state: 'done', value: shown.data }
  throw new ClaimFailure('untrusted', 'build_malformed', {
    title: 'The issuer’s answer about the build is not understood',
    advice: 'Check that this client and the issuer are of the same release.',
  })
}

/** Said of builds that are over, with a time of the gateway's clock, which need not be ours. */
const Over = z.object({ cancelsAt: z.string() })
/** Nothing that is done later makes such a build live again. */
const overStatuses = [401, 404, 409, 410]

/** Says that this client lives. Never rejects but for the signal; `unknown` while the gateway cannot be asked. */
export async function reportHealth(build: BuildHandle, signal: AbortSignal): Promise<BuildHealth> {
  const answer = await ask(build, 'POST', '/health', buildingLimits.healthTimeoutMs, signal).catch(() => undefined)
  signal.throwIfAborted()
  if (answer === undefined) return 'unknown'
  if (overStatuses.includes(answer.status)) return 'over'
  if (answer.status >= 300) return 'unknown'
  return Over.safeParse(parseJson(answer.text)).success ? 'over' : 'alive'
}

/** Gives the builders up. Resolves to whether the gateway knows; never rejects. Bounded whatever happens. */
export async function endBuild(build: BuildHandle, result: BuildResult): Promise<boolean> {
  const deadline = AbortSignal.timeout(buildingLimits.endTimeoutMs)
  while (!deadline.aborted) {
    const answer = await tellEnd(build, result, deadline).catch(() => undefined)
    if (answer !== undefined && !isTransient(answer.status)) {
      return answer.status < 300 || [404, 409, 410].includes(answer.status)
    }
    await pause(deadline)
  }
  return false
}

const tellEnd = (build: BuildHandle, result: BuildResult, signal: AbortSignal) =>
  result === 'canceled'
    ? ask(build, 'DELETE', '', buildingLimits.endAttemptTimeoutMs, signal)
    : ask(build, 'POST', '/finish', buildingLimits.endAttemptTimeoutMs, signal, { result })

/** The real clock, even where the rest is tested with another: this is the way out. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, buildingLimits.stateIntervalMsMin)
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
  })
}

function ask(
  build: BuildHandle,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
  body?: object,
): Promise<BoundedAnswer> {
  return boundedRequest({
    method,
    url: `${build.issuer}/v1/builds/${build.buildId}${path}`,
    headers: {
      authorization: `Bearer ${build.buildToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutMs,
    signal,
  })
}

/** 429 and 5xx pass, unless the code says that asking again changes nothing. @throws ClaimFailure */
export function retryOrRefusal(answer: BoundedAnswer): AttemptOutcome<never> {
  const refused = readRefusal(answer)
  const final = isErrorCode(refused.code) && !isRetryable(refused.code)
  if (isTransient(answer.status) && !final) return failedAttempt(answer)
  throw refused
}

const isRetryable = (code: ErrorCode): boolean => errorTable[code].retryable

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
