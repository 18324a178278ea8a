import { SealKey } from '@forkproof/contracts/claim'
import { Audience, ClaimId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { z } from 'zod'

/** The activity's argument, as the signer reads it: whoever can start a workflow wrote it. */
export const ParsedMintRequest = z.strictObject({
  order: z.strictObject({ claimId: ClaimId, audience: Audience, sealKey: SealKey }),
  attestation: z.string().min(1).max(limits.attestationBytesMax),
})
export type ParsedMintRequest = z.infer<typeof ParsedMintRequest>
