import { createHash } from 'node:crypto'
import type { MintRequest } from '@forkproof/contracts/claim-spec'
import { AppError } from '@forkproof/contracts/errors'
import type { Audience, Issuer, TokenId } from '@forkproof/contracts/ids'
import type { IdTokenClaims } from '@forkproof/contracts/token'
import type { SubjectPart } from '@forkproof/contracts/token-subject'
import type { Clock } from '@forkproof/infra/clock'
import { claimIdOf, seal } from '@forkproof/infra/seal'
import type { MintOutcome } from '@forkproof/workflows/claims/ports'
import type { IssuanceLog } from '../issuance/issuance-log.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { CheckAttestation, CheckedAttestation } from './attestation-check.ts'
import { idTokenClaims } from './id-token-claims.ts'
import type { Reservation, Reservations } from './reservations.ts'

interface MintTokenDeps {
  readonly issuer: Issuer
  readonly subjectParts: readonly SubjectPart[]
  /** By the signer's own setting: a gateway that is stolen, or that serves more, gets no token for other audiences. */
  readonly signsFor: (audience: Audience) => boolean
  readonly checkAttestation: CheckAttestation
  readonly reservations: Reservations
  readonly issuanceLog: IssuanceLog
  readonly keyRing: KeyRing
  readonly clock: Clock
  readonly newTokenId: () => TokenId
}

export type MintToken = (request: MintRequest) => Promise<MintOutcome>
type MintRefusal = Extract<MintOutcome, { outcome: 'refused' }>

/** Signed and sealed this stays below `sealedTokenBytesMax`: base64url twice is 16/9, and the headers are short. */
const claimsBytesMax = 8_192
/** Difference between the clocks of replicas. None of them makes a reservation from further in the future. */
const clockSkewSeconds = 60

/**
 * One token id for each claim, also after repeats, races and crashes. The steps are: reserve (compare-and-set), append
 * to the issuance log, sign, seal. Each step may run again and then gives the same token.
 * @throws AppError `no_active_key`, and errors of the stores; all of them are worth another try
 */
export function createMintToken(deps: MintTokenDeps): MintToken {
  return async request => {
    const given = await deps.checkAttestation(request.attestation, deps.clock.now())
    if (!given) return refused('attestation_invalid')
    if (!(await belongsTo(given, request))) return refused('attestation_mismatch')
    if (!deps.signsFor(given.attestation.audience)) return refused('audience_not_signed')
    // A claim that was served before is served again after its attestation's end: its answer may have been lost.
    const reservation = given.expired
      ? await deps.reservations.find(request.order.claimId)
      : await reserve(deps, request, given)
    if (!reservation) return refused('attestation_expired')
    return 'outcome' in reservation ? reservation : redeem(deps, request, given, reservation)
  }
}

/** The claim's id is the thumbprint of the key: an attestation is worth nothing with another key, audience or claim. */
async function belongsTo({ attestation }: CheckedAttestation, { order }: MintRequest): Promise<boolean> {
  if (attestation.claimId !== order.claimId || attestation.audience !== order.audience) return false
  return (await claimIdOf(order.sealKey)) === order.claimId
}

async function reserve(
  deps: MintTokenDeps,
  { order, attestation }: MintRequest,
  given: CheckedAttestation,
): Promise<Reservation | MintRefusal> {
  const keyId = await deps.keyRing.activeKeyId()
  if (!keyId) throw new AppError('no_active_key')
  const tokenId = deps.newTokenId()
  const iatSeconds = Math.floor(deps.clock.now() / 1_000)
  const claims = textOf(idTokenClaims({ ...deps, attestation: given.attestation, tokenId, iatSeconds }))
  if (Buffer.byteLength(claims) > claimsBytesMax) return refused('attestation_invalid')
  const reservation = { v: 1, tokenId, keyId, iatSeconds, attestation, claimsSha256: sha256(claims) } as const
  return deps.reservations.reserve(order.claimId, reservation)
}

async function redeem(
  deps: MintTokenDeps,
  request: MintRequest,
  given: CheckedAttestation,
  reservation: Reservation,
): Promise<MintOutcome> {
  const { tokenId, keyId, iatSeconds } = reservation
  const nowMs = deps.clock.now()
  // The store decides nothing about what is signed: an attestation from it is checked like a received one.
  const reserved =
    reservation.attestation === request.attestation
      ? given
      : await deps.checkAttestation(reservation.attestation, nowMs)
  if (!reserved) return refused('attestation_invalid')
  if (reserved !== given && !(await belongsTo(reserved, request))) return refused('attestation_mismatch')
  if (iatSeconds > nowMs / 1_000 + clockSkewSeconds) return refused('attestation_invalid')
  const claims = idTokenClaims({ ...deps, attestation: reserved.attestation, tokenId, iatSeconds })
  const text = textOf(claims)
  // Another version or another issuer setting took over meanwhile: the signed text would not be the logged one.
  if (sha256(text) !== reservation.claimsSha256) return refused('attestation_expired')
  if (claims.exp * 1_000 <= nowMs) return refused('attestation_expired')
  const signer = await deps.keyRing.signerFor(keyId)
  if (!signer) return refused('attestation_expired')
  await deps.issuanceLog.append(issuanceOf(claims, request, reservation, reserved))
  const sealedToken = await seal(await signer.sign(text), request.order.sealKey)
  return { outcome: 'minted', tokenId, sealedToken }
}

const issuanceOf = (
  { sub, aud, iat, exp }: IdTokenClaims,
  { order }: MintRequest,
  { tokenId, keyId, claimsSha256 }: Reservation,
  reserved: CheckedAttestation,
) => ({
  tokenId,
  claimId: order.claimId,
  sub,
  aud,
  kid: keyId,
  iat,
  exp,
  attestationSha256: reserved.sha256,
  claimsSha256,
})

const textOf = (claims: IdTokenClaims): string => JSON.stringify(claims)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const refused = (reason: MintRefusal['reason']): MintRefusal => ({ outcome: 'refused', reason })
