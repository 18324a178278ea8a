import type { RepositoryName, RunId } from '@forkproof/contracts/ids'

/** One workflow run at GitHub. */
export interface RunTarget {
  readonly repository: RepositoryName
  readonly runId: RunId
}

/** The same for every spelling of the repository's name. */
export const runKey = ({ repository, runId }: RunTarget): string => `${repository.toLowerCase()}#${runId}`
