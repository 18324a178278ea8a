import { type ErrorCode, errorTable, isErrorCode } from '@forkproof/contracts/errors'
import type { BuildId, BuildToken, Issuer } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { type BoundedAnswer, boundedRequest } from '../claiming/bounded-request.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { readRefusal } from '../claiming/read-refusal.ts'
import { type AttemptOutcome, failedAttempt, isTransient } from '../claiming/retry-until-done.ts'
import { ClientBuildAnswer } from './build-answer.ts'
import { buildingLimits } from './limits.ts'

/** Names one build and carries the right to it. The token is a bearer secret. */
export interface BuildHandle {
  readonly issuer: Issuer
  readonly buildId: BuildId
  readonly buildToken: BuildToken
}

export type FinishResult = 'success' | 'error' | 'canceled'
type BuildHealth = 'alive' | 'over' | 'unknown'

/** Reads the build's state once. The gateway holds its answer until the version differs. @throws ClaimFailure */
export async function readBuildState(
  build: BuildHandle,
  version: number,
  signal: AbortSignal,
): Promise<AttemptOutcome<ClientBuildAnswer>> {
  const answer = await ask(build, 'GET', `?version=${version}`, buildingLimits.stateTimeoutMs, signal)
  if (answer.status !== 200) return retryOrRefusal(answer)
  const read = ClientBuildAnswer.safeParse(parseJson(answer.text))
  if (read.success) return { state: 'done', value: read.data }
  throw new ClaimFailure('untrusted', 'build_malformed', {
    title: 'The issuer’s answer about the build is not understood',
    advice: 'Check that this client and the issuer are of the same release.',
  })
}

/** In the health answer of a build that is over. The time is by the gateway's clock, which may differ from ours. */
const Over = z.object({ cancelsAt: z.string() })
/** After one of these answers a build never lives again. */
const overStatuses = [401, 404, 409, 410]

/** Reports that this client is alive. Rejects only with the signal; `unknown` while the gateway cannot be reached. */
export async function reportHealth(build: BuildHandle, signal: AbortSignal): Promise<BuildHealth> {
  const answer = await ask(build, 'POST', '/health', buildingLimits.healthTimeoutMs, signal).catch(() => undefined)
  signal.throwIfAborted()
  if (answer === undefined) return 'unknown'
  if (overStatuses.includes(answer.status)) return 'over'
  if (answer.status >= 300) return 'unknown'
  return Over.safeParse(parseJson(answer.text)).success ? 'over' : 'alive'
}

/** Ends the build. Resolves to whether the gateway knows, within `endTimeoutMs`. Never rejects. */
export async function endBuild(build: BuildHandle, result: FinishResult): Promise<boolean> {
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

const tellEnd = (build: BuildHandle, result: FinishResult, signal: AbortSignal) =>
  result === 'canceled'
    ? ask(build, 'DELETE', '', buildingLimits.endAttemptTimeoutMs, signal)
    : ask(build, 'POST', '/finish', buildingLimits.endAttemptTimeoutMs, signal, { result })

/** Uses the real clock also under a fake one, because ending a build must stay bounded. */
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

/** Retries 429 and 5xx, unless the error's code says that another try changes nothing. @throws ClaimFailure */
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
