import type { AdmittedRun } from '@forkproof/contracts/access'
import type { Denial, DenialKey } from '@forkproof/contracts/trust'

/**
 * The first denial that this run falls under. What is not known of a fork's run counts as denied: a run must not get
 * past a denied pull request by hiding which one it belongs to. Pure.
 */
export function denialOf(denials: readonly Denial[], run: AdmittedRun): Denial | undefined {
  return denials.find(({ key }) => isDenied(key, run))
}

function isDenied(key: DenialKey, { eventClass, repositoryId, origin }: AdmittedRun): boolean {
  const isForks = eventClass === 'fork_pull_request'
  if (origin === undefined) return isForks
  const [kind, id = '', number] = key.split(':')
  if (kind === 'author') return origin.accountIds.includes(id)
  if (!isForks) return false
  if (kind === 'head_repository') return origin.headRepositoryId === undefined || origin.headRepositoryId === id
  return repositoryId === id && (origin.pullRequestNumber === undefined || origin.pullRequestNumber === number)
}
