import { channelTable } from '@forkproof/contracts/channels'
import type { ClaimDeps } from './claim-deps.ts'
import { collectToken, type IdToken } from './collect-token.ts'
import { type ClaimOptions, type OpenClaim, openClaim } from './open-claim.ts'
import { repeatSentence, showCode } from './show-code.ts'

interface ClaimedToken extends IdToken {
  readonly claimId: string
  /** From the first request to the token. */
  readonly tookMs: number
}

/**
 * The whole claim: ask, check the answer, show the code, wait for the sealed token and open it.
 * Ends within `timeoutMs`. docs/glossary.md: claimant
 * @throws ClaimFailure
 */
export async function claimToken(options: ClaimOptions, deps: ClaimDeps, timeoutMs: number): Promise<ClaimedToken> {
  const startedAtMs = deps.clock.now()
  const deadline = AbortSignal.timeout(timeoutMs)
  const { run } = options
  deps.journal.say(
    `This is run ${run.runId}, attempt ${run.attempt}, of a pull request from ${run.headRepository} to ${run.repository}.`,
  )
  deps.journal.say(
    `GitHub gives such a run no OIDC token, so ${options.issuer} is asked to prove the run and to issue one.`,
  )
  const claim = await openClaim(options, deps, deadline)
  announceClaim(claim, deps)
  const token = await showAndCollect(claim, deps, deadline)
  return { ...token, claimId: claim.key.claimId, tookMs: deps.clock.now() - startedAtMs }
}

/** Tells people what the following lines of the log are for. */
function announceClaim(claim: OpenClaim, deps: ClaimDeps): void {
  const where = claim.channels.map(channel => channelTable[channel].place).join(', ')
  deps.journal.say(
    `Claim ${claim.key.claimId} is open until ${claim.expiresAt}. The issuer now looks for a public code: ${where}.`,
  )
}

/** Shows the claim’s code until the token arrives. @throws ClaimFailure */
export async function showAndCollect(claim: OpenClaim, deps: ClaimDeps, deadline: AbortSignal): Promise<IdToken> {
  const enough = new AbortController()
  const stop = AbortSignal.any([deadline, enough.signal])
  const printing = repeatSentence(claim, deps, stop)
  try {
    await showCode(claim, deps, stop)
    return await collectToken(claim, deps, deadline)
  } finally {
    enough.abort()
    await printing
  }
}
