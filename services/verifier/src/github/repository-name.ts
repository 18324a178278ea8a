import type { RepositoryName } from '@forkproof/contracts/ids'
import type { CredentialPool } from './credential-pool.ts'
import { GithubRepository } from './schemas.ts'

/**
 * The present name of a repository by its id, which stays when it is renamed or transferred. Undefined when the public
 * cannot see it. @throws GithubFault
 */
export async function readRepositoryName(
  pool: Pick<CredentialPool, 'get'>,
  id: string,
  signal: AbortSignal,
): Promise<RepositoryName | undefined> {
  const address = `repositories/${id}`
  const owner = { repository: address, stickyKey: address, priority: 'related' } as const
  const route = 'GET /repositories/{repository_id}'
  const answer = await pool.get(owner, { route, parameters: { repository_id: id }, schema: GithubRepository }, signal)
  if (answer.kind !== 'found' || String(answer.value.id) !== id || answer.value.private) return undefined
  return answer.value.full_name
}
