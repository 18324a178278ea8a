import { SealKey } from '@forkproof/contracts/claim'
import { Audience, ClaimId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { z } from 'zod'

/** The activity's argument. Anybody who can start a workflow may have written it. */
export const ParsedMintRequest = z.strictObject({
  order: z.strictObject({ claimId: ClaimId, audience: Audience, sealKey: SealKey }),
  attestation: z.string().min(1).max(limits.attestationBytesMax),
})
export type ParsedMintRequest = z.infer<typeof ParsedMintRequest>
