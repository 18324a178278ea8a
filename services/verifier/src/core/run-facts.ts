import type { RunFacts } from '@forkproof/contracts/facts'
import type { GithubAccount, GithubPullRequest, GithubRepository, GithubRun } from '../github/schemas.ts'

const textLengthMax = 1_024

/**
 * The facts of the attestation. Ids become strings. Text is carried as GitHub gives it, cut at the contract's length.
 */
export function runFacts(
  run: GithubRun,
  head: GithubRepository,
  extra: { pullRequest: GithubPullRequest | undefined; jobId: number | undefined },
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
    ...(pullRequest?.user && { pullRequest: pullRequestFacts(pullRequest, pullRequest.user) }),
    ...(jobId !== undefined && { job: { id: String(jobId) } }),
  }
}

const pullRequestFacts = (pull: GithubPullRequest, author: GithubAccount): NonNullable<RunFacts['pullRequest']> => ({
  number: String(pull.number),
  baseRef: cut(pull.base.ref),
  baseSha: cut(pull.base.sha),
  author: account(author),
  authorAssociation: cut(pull.author_association),
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
