import { MintRequest } from '@forkproof/contracts/claim-spec'
import type { Logger } from '@forkproof/infra/log'
import type { SigningActivities } from '@forkproof/workflows/claims/ports'
import type { MintToken } from '../minting/mint-token.ts'

/** Task queue `signing`. Arguments are parsed here: anybody who can start a workflow may have written them. */
export function createSigningActivities(deps: { mintToken: MintToken; log: Logger }): SigningActivities {
  const { log } = deps
  return {
    mintToken: async given => {
      const request = MintRequest.safeParse(given)
      if (!request.success) {
        log.warn({ reason: 'attestation_invalid' }, 'a request to mint was malformed')
        return { outcome: 'refused', reason: 'attestation_invalid' }
      }
      const { claimId } = request.data.order
      try {
        const outcome = await deps.mintToken(request.data)
        if (outcome.outcome === 'minted') log.info({ claimId, tokenId: outcome.tokenId }, 'token minted')
        else log.warn({ claimId, reason: outcome.reason }, 'token refused')
        return outcome
      } catch (err) {
        log.error({ claimId, err }, 'could not mint; will be tried again')
        throw err
      }
    },
  }
}
