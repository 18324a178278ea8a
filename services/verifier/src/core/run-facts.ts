import type { RunFacts } from '@forkproof/contracts/facts'
import type { GithubAccount, GithubRepository, GithubRun } from '../github/schemas.ts'
import type { MatchedPullRequest } from './pull-request.ts'

const textLengthMax = 1_024

/**
 * The facts of the attestation. Ids become strings. Text is carried as GitHub gives it, cut at the contract's length.
 */
export function runFacts(
  run: GithubRun,
  head: GithubRepository,
  extra: { pullRequest: MatchedPullRequest | undefined; jobId: number | undefined },
): RunFacts {
  const { pullRequest, jobId } = extra
  return {
    repository: repository(run.repository),
    headRepository: repository(head),
    run: {
      id: String(run.id),
      number: String(run.run_number),
      attempt: String(run.run_attempt),
      workflowName: cut(run.name ?? ''),
      workflowPath: cut(withoutRef(run.path)),
      headSha: run.head_sha,
      headRef: cut(run.head_branch ?? ''),
    },
    actor: account(run.actor),
    triggeringActor: account(run.triggering_actor),
    ...(pullRequest?.pull.user && { pullRequest: pullRequestFacts(pullRequest, pullRequest.pull.user) }),
    ...(jobId !== undefined && { job: { id: String(jobId) } }),
  }
}

/**
 * A base that may not be the run's is left out: the run would be held against a branch that it was not made for. So is
 * whatever policies go by once the pull request is closed, for relying parties that do not look at its state.
 */
const pullRequestFacts = (
  { pull, readAtMs, isBaseOfRun }: MatchedPullRequest,
  author: GithubAccount,
): NonNullable<RunFacts['pullRequest']> => ({
  number: String(pull.number),
  state: pull.state,
  readAt: Math.floor(readAtMs / 1_000),
  author: account(author),
  ...(pull.state === 'open' && {
    authorAssociation: cut(pull.author_association),
    ...(isBaseOfRun && { baseRef: cut(pull.base.ref), baseSha: cut(pull.base.sha) }),
  }),
})

const repository = ({ id, full_name, owner }: GithubRepository): RunFacts['repository'] => ({
  id: String(id),
  name: full_name,
  ownerId: String(owner.id),
  owner: owner.login,
})
const account = ({ id, login }: GithubAccount): RunFacts['actor'] => ({ id: String(id), login: cut(login) })
const cut = (text: string): string => text.slice(0, textLengthMax)

/** `build.yml@main` is `build.yml`. A file called `a.yml@b.yml` keeps its name, so that it cannot pass for `a.yml`. */
export const withoutRef = (path: string): string => path.replace(/(\.ya?ml)@(?!.*\.ya?ml$).*$/, '$1')
