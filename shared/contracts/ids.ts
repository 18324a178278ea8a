import { z } from 'zod'

/**
 * Names and ids that come from outside. Each is parsed once, at the edge, into a branded string: nothing below can be handed raw input.
 * Grammars: GitHub's own (facts github D4); ids stay strings so that no reader rounds them beyond 2^53.
 */
const decimalId = z
  .string()
  .regex(/^[1-9][0-9]{0,15}$/, 'must be a positive decimal number')
  .refine(text => Number.isSafeInteger(Number(text)), 'must be at most 2^53-1')

/** `owner/name`. Owners: letters, digits and hyphens (a trailing one exists; `_` only in enterprise accounts). Names never `.` or `..`. */
export const RepositoryName = z
  .string()
  .max(140)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/,
    'must be owner/name in GitHub’s spelling',
  )
  .brand<'RepositoryName'>()
export type RepositoryName = z.infer<typeof RepositoryName>

export const RunId = decimalId.brand<'RunId'>()
export type RunId = z.infer<typeof RunId>
export const JobId = decimalId.brand<'JobId'>()
export type JobId = z.infer<typeof JobId>
export const RunAttempt = z
  .string()
  .regex(/^[1-9][0-9]{0,3}$/, 'must be a number from 1 to 9999')
  .brand<'RunAttempt'>()
export type RunAttempt = z.infer<typeof RunAttempt>

const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a base64url SHA-256 thumbprint')
/** RFC 7638 thumbprint of the key that the token will be sealed to (design section 4). */
export const ClaimId = thumbprint.brand<'ClaimId'>()
export type ClaimId = z.infer<typeof ClaimId>
export const KeyId = thumbprint.brand<'KeyId'>()
export type KeyId = z.infer<typeof KeyId>
export const TokenId = z.uuid().brand<'TokenId'>()
export type TokenId = z.infer<typeof TokenId>

/** The secret of a claim whose claimant brought no key: 256 bits behind a recognisable prefix, for secret scanners. */
export const Ticket = z
  .string()
  .regex(/^fpt_[A-Za-z0-9_-]{43}$/, 'must be a ticket')
  .brand<'Ticket'>()
export type Ticket = z.infer<typeof Ticket>

export const challengeCodePrefix = 'forkproof-'
/** Prefix and the hex of a SHA-256; safe as an artifact name (facts github B1), in a step name and in a log line. */
export const ChallengeCode = z
  .string()
  .regex(/^forkproof-[0-9a-f]{64}$/)
  .brand<'ChallengeCode'>()
export type ChallengeCode = z.infer<typeof ChallengeCode>
/** 128 random bits. */
export const ChallengeNonce = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/)
  .brand<'ChallengeNonce'>()
export type ChallengeNonce = z.infer<typeof ChallengeNonce>

/** Printable ASCII without quotes, space and backslash: what every relying party of facts oidc A accepts. */
export const Audience = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[!#-[\]-~]+$/, 'must be printable ASCII without spaces, quotes and backslashes')
  .brand<'Audience'>()
export type Audience = z.infer<typeof Audience>

/** One canonical origin, no trailing slash, query, fragment or credentials (facts oidc A 3). http only for loopback. */
export const Issuer = z
  .string()
  .max(255)
  .refine(
    isCanonicalIssuer,
    'must be an https origin (or http on loopback) with an optional path and no trailing slash',
  )
  .brand<'Issuer'>()
export type Issuer = z.infer<typeof Issuer>

function isCanonicalIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  const schemeFits = url.protocol === 'https:' || (url.protocol === 'http:' && loopback)
  const path = url.pathname === '/' ? '' : url.pathname
  return schemeFits && text === url.origin + path && !path.endsWith('/') && !path.includes('//')
}
