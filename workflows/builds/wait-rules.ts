import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { ApplicationFailure } from '@temporalio/common'
import { type AwaitChange, buildWaitMsMax, type ConnectPlatform } from './api.ts'

/** PKCS #10 of a P-256 key is some 500 characters; the bound is the contract's. */
const certificateRequestCharactersMax = 4_096

const reject = (detail: string, code: string): never => {
  throw ApplicationFailure.nonRetryable(detail, code)
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function checkWait(waitMs: unknown): void {
  if (!isCount(waitMs) || waitMs > buildWaitMsMax) reject(`waitMs must be 0 to ${buildWaitMsMax}`, 'invalid_request')
}

/**
 * Synchronous, as validators must be: an async one never rejects (docs/facts/engines.md#update-validators). A rejected
 * update writes nothing.
 */
export function checkAwaitChange(asked: AwaitChange, version: number): void {
  checkWait(asked.waitMs)
  if (!isCount(asked.knownVersion)) reject('knownVersion must be a whole number', 'invalid_request')
  if (asked.knownVersion > version) reject('knownVersion is beyond the newest version', 'invalid_request')
  const { leaving } = asked
  if (leaving !== undefined && leaving !== 'confirming') reject('leaving must be confirming', 'invalid_request')
}

export function checkConnect(asked: ConnectPlatform, spec: Pick<BuildSpec, 'allowedPlatforms'>): void {
  checkWait(asked.waitMs)
  if (!spec.allowedPlatforms.includes(asked.platform)) reject('the platform is not granted', 'platform_not_granted')
  const { certificateRequest: request } = asked
  if (request === undefined) return
  const fits = typeof request === 'string' && request.length <= certificateRequestCharactersMax
  if (!fits) reject('the certificate request is not one', 'certificate_request_invalid')
}
