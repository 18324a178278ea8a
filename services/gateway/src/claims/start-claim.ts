import { randomBytes } from 'node:crypto'
import { challengeCode } from '@forkproof/contracts/challenge'
import { type Channel, defaultChannels } from '@forkproof/contracts/channels'
import type { ClaimAnswer, ClaimRequest, SealKey } from '@forkproof/contracts/claim'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { AppError } from '@forkproof/contracts/errors'
import { type Audience, ChallengeNonce, type Issuer, type RepositoryName } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { claimIdOf, newTicket, ticketSealKey } from '@forkproof/infra/seal'
import type { RequestLimits } from '../throttling/request-limits.ts'
import type { GithubOutlook } from './github-outlook.ts'
import type { Claims } from './ports.ts'
import { provableChannels } from './provable-channels.ts'
import { isUsableKey } from './usable-key.ts'

const busRetryAfterSeconds = 2

interface StartClaimDeps {
  readonly issuer: Issuer
  /** Base of `exchangeURL`; never taken from a request (docs/facts/oidc.md#issuer). */
  readonly publicUrl: string
  readonly defaultAudience: Audience
  readonly lifetimeMs: number
  readonly channels: readonly Channel[]
  readonly serves: (repository: RepositoryName) => boolean
  /** Whether GitHub can be asked about it now. @throws AppError */
  readonly githubOutlook: Pick<GithubOutlook, 'admit'>
  readonly acceptsAudience: (audience: Audience) => boolean
  readonly claims: Claims
  readonly requestLimits: Pick<RequestLimits, 'countClaim'>
  /** Without the bus nothing can be minted: a claim would use up its time for nothing. */
  readonly busIsUp: () => boolean
  readonly clock: Clock
}

/**
 * Starts a claim. Everything that can be refused without asking GitHub is refused before anything is started.
 * @throws AppError
 */
export function createStartClaim(deps: StartClaimDeps): (request: ClaimRequest) => Promise<ClaimAnswer> {
  return async request => {
    const { audience, channels } = check(deps, request)
    if (!deps.busIsUp()) throw new AppError('temporarily_unavailable', { retryAfterSeconds: busRetryAfterSeconds })
    await deps.githubOutlook.admit(request.repo)
    deps.requestLimits.countClaim(request.repo, request.runID)
    const key = bringOrMakeKey(request.sealTo)
    const claimId = await claimIdOf(key.sealKey)
    const nonce = ChallengeNonce.parse(randomBytes(16).toString('base64url'))
    const claimedAtMs = deps.clock.now()
    const order: ClaimSpec = {
      claimId,
      audience,
      repository: request.repo,
      runId: request.runID,
      ...(request.attempt && { attempt: request.attempt }),
      ...(request.jobID && { jobId: request.jobID }),
      sealKey: key.sealKey,
      ownKey: request.sealTo !== undefined,
      challengeCode: await challengeCode({ issuer: deps.issuer, audience, claimId, nonce }),
      nonce,
      channels,
      claimedAtMs,
      expiresAtMs: claimedAtMs + deps.lifetimeMs,
    }
    if ((await deps.claims.start(order)) === 'key_used') throw new AppError('claim_key_used')
    return {
      challengeCode: order.challengeCode,
      exchangeURL: `${deps.publicUrl}/exchange/${key.ticket ?? claimId}`,
      claimId,
      expiresAt: new Date(order.expiresAtMs).toISOString(),
      channels,
      nonce,
    }
  }
}

function check(deps: StartClaimDeps, request: ClaimRequest): { audience: Audience; channels: Channel[] } {
  if (request.eventName !== 'pull_request') throw new AppError('event_not_pull_request')
  if (!deps.serves(request.repo)) throw new AppError('repository_not_served')
  const audience = request.aud ?? deps.defaultAudience
  if (!deps.acceptsAudience(audience)) throw new AppError('invalid_audience')
  if (request.sealTo && !isUsableKey(request.sealTo)) throw new AppError('invalid_seal_key')
  return { audience, channels: provableChannels(request.channels ?? defaultChannels, deps.channels) }
}

/** The ticket leaves this process only inside `exchangeURL`. */
function bringOrMakeKey(own: SealKey | undefined): { sealKey: SealKey; ticket?: string } {
  if (own) return { sealKey: own }
  const ticket = newTicket()
  return { sealKey: ticketSealKey(ticket), ticket: ticket.reveal() }
}
