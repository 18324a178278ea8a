import { AppError, isAppError } from '@forkproof/contracts/errors'
import type { Clock } from '@forkproof/infra/clock'
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { sha256Hex } from '../digest.ts'
import type { TrustedIssuer, VerifiedToken, VerifyIdToken } from './ports.ts'

/** Ours have some 1,700 characters and GitHub's 3,000; the longest names that either allows fit. */
export const idTokenCharsMax = 16_384
const clockSkewSeconds = 5
/** Well below the time for which used tokens are remembered. */
const ageSecondsMax = 3_600
const tokenIdCharsMax = 255
const keyIdCharsMax = 255

/**
 * Only RS256, the one algorithm of both issuers: neither `none` nor a public key taken for a shared secret gets as
 * far as a key.
 */
const algorithms = ['RS256']
const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti']

interface IdTokenVerifierDeps {
  readonly issuers: readonly TrustedIssuer[]
  /** A token must be made for exactly one of these. */
  readonly audiences: readonly string[]
  readonly clock: Clock
}

/**
 * Checks signature, issuer, audience, times and claims of a presented ID token. It can be verified any number of
 * times; single use is the work of UsedTokens. Throws AppError `id_token_invalid`, whose detail says which check
 * failed, or says that keys are missing.
 */
export function createIdTokenVerifier({ issuers, audiences, clock }: IdTokenVerifierDeps): VerifyIdToken {
  return async presented => {
    const token = presented.reveal()
    const trusted = issuerOf(token, issuers)
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => trusted.keys.keyFor(checkedKeyId(kid)), {
        algorithms,
        issuer: trusted.issuer,
        audience: [...audiences],
        typ: 'JWT',
        clockTolerance: clockSkewSeconds,
        maxTokenAge: ageSecondsMax,
        requiredClaims,
        currentDate: new Date(clock.now()),
      })
      return verified(token, payload, trusted)
    } catch (error) {
      throw isAppError(error) ? error : invalid(refusalTextOf(error), error)
    }
  }
}

function issuerOf(token: string, issuers: readonly TrustedIssuer[]): TrustedIssuer {
  if (token.length > idTokenCharsMax) throw invalid('it is too long')
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) throw invalid('it is not a signed JWT')
  const claimed = claimedIssuer(token)
  const trusted = issuers.find(({ issuer }) => issuer === claimed)
  if (!trusted) throw invalid('its issuer is not one that is trusted here')
  return trusted
}

function claimedIssuer(token: string): unknown {
  try {
    return decodeJwt(token).iss
  } catch (error) {
    throw invalid('it is not a signed JWT', error)
  }
}

function checkedKeyId(kid: unknown): string {
  if (typeof kid === 'string' && kid !== '' && kid.length <= keyIdCharsMax) return kid
  throw invalid('it names no key')
}

function verified(token: string, payload: JWTPayload, trusted: TrustedIssuer): VerifiedToken {
  const { aud, jti, exp } = payload
  // One audience, as both issuers write it: the other audience could replay a token that is made for two.
  if (typeof aud !== 'string') throw invalid('it has more than one audience')
  if (typeof jti !== 'string' || jti === '' || jti.length > tokenIdCharsMax) throw invalid('its jti is unusable')
  const claims = trusted.claimsOf(payload)
  if (!claims || exp === undefined) throw invalid('its claims are not those of its issuer')
  const { issuer } = trusted
  return { issuer, audience: aud, tokenId: jti, tokenSha256: sha256Hex(token), expiresAtMs: exp * 1_000, claims }
}

function refusalTextOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return error.claim === 'iat' ? 'it is too old' : 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `the claim ${knownClaim(error.claim)} does not fit`
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not verify'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not RS256'
  return 'it is not an acceptable JWT'
}

const knownClaim = (claim: string): string => [...requiredClaims, 'nbf', 'typ'].find(known => known === claim) ?? 'set'

const invalid = (detail: string, cause?: unknown): AppError =>
  new AppError('id_token_invalid', { detail, ...(cause !== undefined && { cause }) })
