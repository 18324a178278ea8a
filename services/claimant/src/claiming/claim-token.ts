import { channelTable } from '@forkproof/contracts/channels'
import { agreeOnChannels } from './agree-on-channels.ts'
import { type ClaimDeadline, deadlineAfter } from './claim-clock.ts'
import type { ClaimDeps } from './claim-deps.ts'
import { ClaimFailure, withDetail } from './claim-failure.ts'
import { collectToken, type IdToken } from './collect-token.ts'
import { claimantLimits } from './limits.ts'
import { type ClaimOptions, type OpenClaim, openClaim } from './open-claim.ts'
import { isPassing, pauseBeforeNextClaimMs } from './passing-refusal.ts'
import { repeatSentence, ShownHint, showCode } from './show-code.ts'

interface ClaimedToken extends IdToken {
  readonly claimId: string
  /** From the first request to the token. */
  readonly tookMs: number
}

/**
 * The whole claim: ask, check the answer, show the code, wait for the sealed token and open it. After a refusal that
 * may pass it claims again, with a fresh key and a fresh code. Ends within `timeoutMs`. docs/glossary.md: claimant
 * @throws ClaimFailure
 */
export async function claimToken(options: ClaimOptions, deps: ClaimDeps, timeoutMs: number): Promise<ClaimedToken> {
  const startedAtMs = deps.clock.now()
  const deadline = deadlineAfter(timeoutMs, deps.clock)
  const { run } = options
  deps.journal.say(
    `This is run ${run.runId}, attempt ${run.attempt}, of a pull request from ${run.headRepository} to ${run.repository}.`,
  )
  deps.journal.say(
    `GitHub gives such a run no OIDC token, so ${options.issuer} is asked to prove the run and to issue one.`,
  )
  const channels = await agreeOnChannels(options, deadline.signal)
  const { token, claimId } = await claimUntilDecided({ ...options, channels }, deps, deadline)
  return { ...token, claimId, tookMs: deps.clock.now() - startedAtMs }
}

/** One claim after the other until one has a verdict that lasts. @throws ClaimFailure */
async function claimUntilDecided(options: ClaimOptions, deps: ClaimDeps, deadline: ClaimDeadline) {
  let refusal: ClaimFailure | undefined
  for (let claims = 1; ; claims += 1) {
    let claim: OpenClaim | undefined
    try {
      claim = await openClaim(options, deps, deadline)
      announceClaim(claim, deps)
      return { token: await showAndCollect(claim, deps, deadline), claimId: claim.key.claimId }
    } catch (error) {
      if (!(error instanceof ClaimFailure)) throw error
      // The refusal says more than that the time is over, which it is for the second claim.
      if (deadline.signal.aborted) throw refusal ? withDetail(refusal, 'Another claim was not decided in time.') : error
      if (!isPassing(error, claim, deps.clock.now()) || claims >= claimantLimits.claimsMax) throw error
      refusal = error
      await pauseAfter(error, claims, deps, deadline)
    }
  }
}

/** @throws ClaimFailure the refusal itself, when there is no time for another claim */
async function pauseAfter(
  refusal: ClaimFailure,
  claims: number,
  deps: ClaimDeps,
  deadline: ClaimDeadline,
): Promise<void> {
  const pauseMs = pauseBeforeNextClaimMs(refusal, claims, deps.random())
  const leftMs = deadline.endsAtMs - deps.clock.now() - pauseMs
  if (leftMs < claimantLimits.claimAgainLeftMsMin) throw refusal
  deps.journal.warn(`${refusal.message} (${refusal.code}); claiming again in ${Math.ceil(pauseMs / 1_000)} s.`)
  await deps.clock.sleep(pauseMs, deadline.signal).catch(() => {
    throw refusal
  })
}

/** Tells people what the following lines of the log are for. */
function announceClaim(claim: OpenClaim, deps: ClaimDeps): void {
  const where = claim.channels.map(channel => channelTable[channel].place).join(', ')
  deps.journal.say(
    `Claim ${claim.key.claimId} is open until ${claim.expiresAt}. The issuer now looks for a public code: ${where}.`,
  )
}

/**
 * Shows the claim’s code until the token arrives. A claim that has no answer some time after its end is given up.
 * @throws ClaimFailure
 */
export async function showAndCollect(claim: OpenClaim, deps: ClaimDeps, deadline: ClaimDeadline): Promise<IdToken> {
  const enough = new AbortController()
  const inTime = whilePatient(claim, deps, deadline)
  const stop = AbortSignal.any([inTime, enough.signal])
  const hint = new ShownHint(claim, stop)
  const printing = repeatSentence(claim, hint, deps, stop)
  try {
    await showCode(claim, hint, deps, stop)
    return await collectToken(claim, deps, inTime)
  } finally {
    enough.abort()
    await printing
  }
}

function whilePatient({ expiresAt }: OpenClaim, { clock }: ClaimDeps, deadline: ClaimDeadline): AbortSignal {
  const { expiryGraceMs, claimPatienceMsMin } = claimantLimits
  const nowMs = clock.now()
  const patienceMs = Math.max(Date.parse(expiresAt) + expiryGraceMs - nowMs, claimPatienceMsMin)
  if (nowMs + patienceMs >= deadline.endsAtMs) return deadline.signal
  return AbortSignal.any([deadline.signal, AbortSignal.timeout(patienceMs)])
}
