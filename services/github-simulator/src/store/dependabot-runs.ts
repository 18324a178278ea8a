import { type GithubStore, isForkRun } from './github-store.ts'
import type { StoredRun } from './stored-types.ts'

export const dependabotLogin = 'dependabot[bot]'
export const dependabotId = 49_699_333

/** Events of which a run that Dependabot started is treated like a fork's (docs/facts/github.md#dependabot). */
const restrictedEvents = [
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'push',
  'create',
  'deployment',
  'deployment_status',
]

/** By who started the run at first: another one who runs it again changes nothing. */
export function isDependabotRun(store: GithubStore, run: StoredRun): boolean {
  return store.user(run.actorId).login === dependabotLogin && restrictedEvents.includes(run.event)
}

/** Whether the run gets no secrets, no ID token and a token that only reads. */
export function isRestrictedRun(store: GithubStore, run: StoredRun): boolean {
  return isForkRun(run) || isDependabotRun(store, run)
}
