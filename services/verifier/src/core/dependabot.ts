import { dependabotAccount } from '@forkproof/contracts/dependabot'
import type { GithubAccount, GithubRun } from '../github/schemas.ts'

export const isDependabot = (account: GithubAccount | null | undefined): boolean =>
  account?.id === dependabotAccount.id &&
  account.login === dependabotAccount.login &&
  account.type === dependabotAccount.type

/** Events whose runs GitHub restricts when Dependabot caused them (docs/facts/github.md#dependabot). */
const restrictedEvents: ReadonlySet<string> = new Set([
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'push',
  'create',
  'deployment',
  'deployment_status',
])

export const isOfOwnRepository = (run: GithubRun): boolean => run.head_repository?.id === run.repository.id

/**
 * A run that GitHub treats as a fork's although its branch is in the repository itself. GitHub goes by the actor, who
 * stays the same when somebody else runs it again; a person who pushes to Dependabot's branch is the actor of the new
 * run. Of the kind are Dependabot's runs alone: GitHub gives other runs of the repository's own branches an ID token.
 */
export const isDependabotsRun = (run: GithubRun): boolean =>
  isDependabot(run.actor) && isOfOwnRepository(run) && restrictedEvents.has(run.event)
