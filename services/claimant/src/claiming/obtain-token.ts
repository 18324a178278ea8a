import type { Channel } from '@forkproof/contracts/channels'
import type { Audience, Issuer, JobId } from '@forkproof/contracts/ids'
import { obstacleFailure } from '../environment/claim-obstacles.ts'
import type { NativeOidc, RunEnvironment } from '../environment/run-environment.ts'
import type { ClaimDeps } from './claim-deps.ts'
import { claimToken } from './claim-token.ts'
import type { ClientPlace } from './client-channels.ts'
import type { IdToken } from './collect-token.ts'
import { nativeToken } from './native-token.ts'

export interface ObtainTokenOptions {
  readonly issuer: Issuer
  readonly audience: Audience
  /** What this client can show here, the best first. */
  readonly channels: readonly Channel[]
  readonly place: ClientPlace
  readonly jobId?: JobId
  readonly timeoutMs: number
}

export interface ObtainedToken extends IdToken {
  readonly source: 'forkproof' | 'github'
  /** Only with source `forkproof`. */
  readonly claimId?: string
  readonly tookMs: number
}

/** Gets the token by the way that this run has. @throws ClaimFailure, also when it has none */
export async function obtainToken(
  where: RunEnvironment,
  options: ObtainTokenOptions,
  deps: ClaimDeps,
): Promise<ObtainedToken> {
  if (where.kind === 'cannot') throw obstacleFailure(where.reason)
  if (where.kind === 'native') return obtainNative(where, options, deps)
  const claimed = await claimToken({ ...options, run: where.run }, deps, options.timeoutMs)
  return { ...claimed, source: 'forkproof' }
}

export async function obtainNative(
  where: { oidc: NativeOidc; eventName: string },
  options: Pick<ObtainTokenOptions, 'audience' | 'timeoutMs'>,
  deps: ClaimDeps,
): Promise<ObtainedToken> {
  if (where.eventName === 'pull_request_target') {
    deps.journal.warn(
      'This token speaks for the base repository. Never run a contributor’s code in a pull_request_target job.',
    )
  }
  const startedAtMs = deps.clock.now()
  const token = await nativeToken(where.oidc, options.audience, deps, options.timeoutMs)
  return { ...token, source: 'github', tookMs: deps.clock.now() - startedAtMs }
}

/** One line for people, without any part of the token. */
export function describeToken(token: ObtainedToken, audience: Audience): string {
  const how = token.source === 'github' ? 'issued by GitHub' : `the code was seen in channel ${token.proof}`
  const until = new Date(token.expiresAtSeconds * 1_000).toISOString()
  return `Token received after ${token.tookMs} ms (${how}), for audience ${audience}, valid until ${until}.`
}
