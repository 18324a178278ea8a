import { type ClaimId, KeyId, TokenId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import type { Bucket } from '@forkproof/infra/bus'
import { z } from 'zod'

/**
 * What was promised to a claim before anything is signed. It holds the attestation and not the token's claims, which
 * are derived from it each time: so a write into the store cannot make the signer say what the verifier did not say.
 */
export const Reservation = z.strictObject({
  v: z.literal(1),
  tokenId: TokenId,
  keyId: KeyId,
  iatSeconds: z.int().positive(),
  attestation: z.string().max(limits.attestationBytesMax),
  claimsSha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type Reservation = z.infer<typeof Reservation>

export interface Reservations {
  /** Stores `reservation` if the claim has none; returns the one that counts, whoever made it. */
  reserve(claimId: ClaimId, reservation: Reservation): Promise<Reservation>
  find(claimId: ClaimId): Promise<Reservation | undefined>
}

export function createReservations(bucket: Bucket): Reservations {
  const find = async (claimId: ClaimId) => {
    const entry = await bucket.get(claimId)
    return entry && Reservation.parse(JSON.parse(entry.value))
  }
  return {
    find,
    reserve: async (claimId, reservation) => {
      if ((await bucket.create(claimId, JSON.stringify(reservation))) !== undefined) return reservation
      const first = await find(claimId)
      if (!first) throw new Error('a reservation was refused and is not there')
      return first
    },
  }
}
