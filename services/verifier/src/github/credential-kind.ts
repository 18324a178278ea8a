/**
 * What a credential is to GitHub (docs/facts/github.md#credentials). Policies of organizations refuse by kind, and each
 * kind has a budget of its own. `anonymous` sends no credential.
 */
export type CredentialKind = 'app-installation' | 'fine-grained-token' | 'classic-token' | 'oauth-app' | 'anonymous'

/** By the form of the secret; `id:secret` is an OAuth app's. Tokens of an unknown form act as classic ones. */
export function kindOfSecret(secret: string): CredentialKind {
  if (secret.includes(':')) return 'oauth-app'
  return secret.startsWith('github_pat_') ? 'fine-grained-token' : 'classic-token'
}
