import type { CredentialKind } from './credential-kind.ts'

interface PolicyEntry {
  /** How GitHub words the refusal; the body's start is searched. */
  readonly wording: RegExp
  /** What a client may see: which policy refuses, and what to do. */
  readonly detail: string
  /** Kinds of credentials that this policy may let pass where it refused another. */
  readonly helpedBy: readonly CredentialKind[]
}

const everyKind = [
  'app-installation',
  'fine-grained-token',
  'classic-token',
  'oauth-app',
  'anonymous',
] as const satisfies readonly CredentialKind[]
const allBut = (...kinds: CredentialKind[]) => everyKind.filter(kind => !kinds.includes(kind))

/**
 * Who refuses to let a public repository be read, although no limit is reached
 * (docs/facts/github.md#policies-of-organizations). None of them ends by itself within a claim's time.
 */
const policyTable = {
  'address-list': {
    wording: /IP allow list/i,
    detail:
      'the organization’s IP allow list refuses this service; its owner can add the service’s address, or the operator can install the service’s GitHub App there',
    // The list is held against every signed-in reader, and not against anonymous ones.
    helpedBy: ['anonymous'],
  },
  'token-lifetime': {
    wording: /token(’|'|&#39;)?s lifetime/i,
    detail:
      'the organization refuses tokens that live so long; the operator of this service needs a token of a shorter life, or a GitHub App',
    helpedBy: everyKind,
  },
  'classic-tokens': {
    wording: /forbids access via a personal access tokens? \(classic\)/i,
    detail:
      'the organization refuses classic personal access tokens; the operator of this service needs a fine-grained one, or a GitHub App',
    helpedBy: allBut('classic-token'),
  },
  'fine-grained-tokens': {
    wording: /forbids access via a fine-grained personal access tokens?/i,
    detail:
      'the organization refuses fine-grained personal access tokens; the operator of this service needs a GitHub App',
    helpedBy: allBut('fine-grained-token'),
  },
  'single-sign-on': {
    wording: /SAML/i,
    detail:
      'the organization wants its single sign-on for this token; the operator of this service needs a GitHub App, or a token of an account outside of it',
    helpedBy: everyKind,
  },
  'app-access': {
    wording: /OAuth App access restrictions/i,
    detail: 'the organization restricts OAuth apps; its owner can approve this one, or the operator use a GitHub App',
    helpedBy: allBut('oauth-app'),
  },
  permission: {
    wording: /Resource not accessible by/i,
    detail: 'the credential of this service may not read that; its operator has to give it another one',
    helpedBy: everyKind,
  },
  legal: {
    wording: /DMCA|legal reasons/i,
    detail: 'GitHub has taken the repository down for legal reasons',
    helpedBy: [],
  },
  blocked: {
    wording: /Repository access blocked|repository has been disabled/i,
    detail: 'GitHub has blocked the repository; its owner can ask GitHub’s support',
    helpedBy: [],
  },
  other: {
    wording: /(?:)/,
    detail: 'GitHub does not let this service read that repository',
    helpedBy: everyKind,
  },
} as const satisfies Record<string, PolicyEntry>

export type AccessPolicy = keyof typeof policyTable

/** The policy behind an answer of status 403 or 451 that is no limit. Pure. */
export function policyOf(status: number, message: string): AccessPolicy {
  if (status === 451) return 'legal'
  const found = Object.entries(policyTable).find(([, { wording }]) => wording.test(message))
  return (found?.[0] ?? 'other') as AccessPolicy
}

export const policyDetail = (policy: AccessPolicy): string => policyTable[policy].detail

/** Whether another credential of that kind is worth one try. */
export const mayHelp = (policy: AccessPolicy, kind: CredentialKind): boolean =>
  (policyTable[policy].helpedBy as readonly CredentialKind[]).includes(kind)
