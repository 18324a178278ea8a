import type { RepositoryName } from '@forkproof/contracts/ids'

/**
 * Whom this issuer serves. Entries are `any`, an owner, or owner/name, compared whole and without case, as GitHub
 * does.
 */
export function servePolicy(entries: readonly string[]): (repository: RepositoryName) => boolean {
  const served = new Set(entries.map(entry => entry.toLowerCase()))
  if (served.has('any')) return () => true
  return repository => {
    const name = repository.toLowerCase()
    return served.has(name) || served.has(name.slice(0, name.indexOf('/')))
  }
}
