import { z } from 'zod'

/*
 * Names and ids that come from outside. Each is parsed once, at the edge, into a branded string, so that nothing below
 * is handed raw input. Grammars: GitHub's own, docs/facts/github.md#names-and-ids.
 */

/** The digits of a decimal id, as a part of other patterns. */
export const decimalIdDigits = '[1-9][0-9]{0,15}'
/** An id of GitHub's. A string, because relying parties refuse or round numeric claims: docs/facts/oidc.md#claims. */
export const DecimalId = z
  .string()
  .regex(new RegExp(`^${decimalIdDigits}$`), 'must be a positive decimal number')
  .refine(text => Number.isSafeInteger(Number(text)), 'must be at most 2^53-1')

/**
 * `owner/name`. Owners: letters, digits and hyphens (a trailing one exists; `_` only in enterprise accounts). Names
 * never `.` or `..`.
 */
export const RepositoryName = z
  .string()
  .max(140)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/,
    'must be owner/name in GitHub’s spelling',
  )
  .brand<'RepositoryName'>()
export type RepositoryName = z.infer<typeof RepositoryName>

export const RunId = DecimalId.brand<'RunId'>()
export type RunId = z.infer<typeof RunId>
export const JobId = DecimalId.brand<'JobId'>()
export type JobId = z.infer<typeof JobId>
export const RunAttempt = z
  .string()
  .regex(/^[1-9][0-9]{0,3}$/, 'must be a number from 1 to 9999')
  .brand<'RunAttempt'>()
export type RunAttempt = z.infer<typeof RunAttempt>

const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a base64url SHA-256 thumbprint')
/**
 * RFC 7638 thumbprint of the key that the token will be sealed to (docs/architecture.md#a-claim-from-start-to-token).
 */
export const ClaimId = thumbprint.brand<'ClaimId'>()
export type ClaimId = z.infer<typeof ClaimId>
export const KeyId = thumbprint.brand<'KeyId'>()
export type KeyId = z.infer<typeof KeyId>
export const TokenId = z.uuid().brand<'TokenId'>()
export type TokenId = z.infer<typeof TokenId>

/**
 * The secret of a claim whose claimant brought no key: 256 bits behind a prefix that secret scanners recognise.
 * docs/glossary.md: ticket.
 */
export const Ticket = z
  .string()
  .regex(/^fpt_[A-Za-z0-9_-]{43}$/, 'must be a ticket')
  .brand<'Ticket'>()
export type Ticket = z.infer<typeof Ticket>

/** Names that operators and people type: lower-case base32 behind a prefix, 80 random bits. */
const randomName = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[a-z2-7]{16}$`), `must be ${prefix}_ and 16 characters`)
export const ProjectId = randomName('prj').brand<'ProjectId'>()
export type ProjectId = z.infer<typeof ProjectId>
export const RelationshipId = randomName('trl').brand<'RelationshipId'>()
export type RelationshipId = z.infer<typeof RelationshipId>

/**
 * RFC 7638 thumbprint of the public key behind the build token: as with claims, there is nothing to look up or compare.
 */
export const BuildId = thumbprint.brand<'BuildId'>()
export type BuildId = z.infer<typeof BuildId>
/**
 * The secret that a build is reached with: 256 bits, from which the build's key pair is derived.
 * docs/glossary.md: build token.
 */
export const BuildToken = z
  .string()
  .regex(/^fpb_[A-Za-z0-9_-]{43}$/, 'must be a build token')
  .brand<'BuildToken'>()
export type BuildToken = z.infer<typeof BuildToken>
/**
 * 40 random base62 characters and a checksum of 6, so that a scanner can tell a token from a look-alike without asking
 * us.
 */
export const AccessToken = z
  .string()
  .regex(/^fpa_[0-9A-Za-z]{46}$/, 'must be an access token')
  .brand<'AccessToken'>()
export type AccessToken = z.infer<typeof AccessToken>

/**
 * One request of one build for one builder. A build asks again under a new lease when a builder fails before it was
 * used.
 */
export const LeaseId = z.uuid().brand<'LeaseId'>()
export type LeaseId = z.infer<typeof LeaseId>
/**
 * One builder on one node, for its whole life. Short, because it names network links (15 characters at most), cgroups
 * and folders.
 */
export const BuilderId = z
  .string()
  .regex(/^b[a-z2-7]{11}$/, 'must be b and 11 characters')
  .brand<'BuilderId'>()
export type BuilderId = z.infer<typeof BuilderId>
/** One machine that runs builders. A NATS subject token. */
export const NodeId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens')
  .brand<'NodeId'>()
export type NodeId = z.infer<typeof NodeId>

export const challengeCodePrefix = 'forkproof-'
/**
 * Prefix and the hex of a SHA-256; safe as an artifact's name (docs/facts/github.md#artifacts), in a step's name and in
 * a line of a log.
 */
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

/**
 * Printable ASCII without quotes, space and backslash: what every relying party accepts
 * (docs/facts/oidc.md#relying-parties).
 */
export const Audience = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[!#-[\]-~]+$/, 'must be printable ASCII without spaces, quotes and backslashes')
  .brand<'Audience'>()
export type Audience = z.infer<typeof Audience>

/**
 * One canonical origin, no trailing slash, query, fragment or credentials (docs/facts/oidc.md#issuer). http only for
 * loopback.
 */
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
