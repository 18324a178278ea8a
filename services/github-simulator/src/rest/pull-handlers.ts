import type { StoredPullRequest } from '../store/stored-types.ts'
import { pullJson, pullSimpleJson } from './json/pull-json.ts'
import { paginateList } from './pagination.ts'
import { isMember } from './policy-answers.ts'
import { numericAddress } from './repository-handlers.ts'
import { errorAnswer, notFoundAnswer, okAnswer, type RestAnswer } from './rest-answer.ts'
import { parseId, type RepositoryCall } from './rest-call.ts'

export function listPulls(call: RepositoryCall): RestAnswer {
  const { query } = call
  const state = query.get('state') ?? 'open'
  const base = query.get('base')
  const head = headFilter(query.get('head'))
  const pulls = pullsOf(call).filter(
    pull =>
      (state === 'all' || pull.state === state) &&
      (base === null || pull.baseBranch === base) &&
      (head?.(pull) ?? true),
  )
  if (query.get('direction') !== 'asc') pulls.reverse()
  return pullPage(call, pulls)
}

export function getPull(call: RepositoryCall): RestAnswer {
  const number = parseId(call.params['pull'])
  const pull = number === undefined ? undefined : call.state.store.pulls.get(call.repository.id)?.get(number)
  return pull === undefined
    ? notFoundAnswer()
    : okAnswer(pullJson(call.state.store, call.links, pull, seenAssociation(call, pull)))
}

export function listCommitPulls(call: RepositoryCall): RestAnswer {
  const sha = call.params['sha'] ?? ''
  const pulls = pullsOf(call).filter(pull => pull.headSha === sha || pull.mergeSha === sha)
  if (pulls.length === 0 && !isKnownCommit(call, sha)) return errorAnswer(422, `No commit found for SHA: ${sha}`)
  return pullPage(call, pulls)
}

function pullPage(call: RepositoryCall, pulls: readonly StoredPullRequest[]): RestAnswer {
  const page = paginateList(pulls, call.query, numericAddress(call, call.repository))
  const list = page.items.map(pull => pullSimpleJson(call.state.store, call.links, pull, seenAssociation(call, pull)))
  return okAnswer(list, page.headers)
}

/** Who does not see the organization's private members is shown less (docs/facts/github.md#event-file). */
function seenAssociation(call: RepositoryCall, pull: StoredPullRequest) {
  const owner = call.state.store.user(call.repository.ownerId).login
  return isMember(call.viewer, owner) ? pull.authorAssociation : pull.associationInPublic
}

function pullsOf(call: RepositoryCall): StoredPullRequest[] {
  return [...(call.state.store.pulls.get(call.repository.id)?.values() ?? [])]
}

/** `owner:branch`. A value without an owner filters nothing, as on GitHub. */
function headFilter(head: string | null): ((pull: StoredPullRequest) => boolean) | undefined {
  const separator = head?.indexOf(':') ?? -1
  if (head === null || separator < 1) return undefined
  const owner = head.slice(0, separator).toLowerCase()
  const branch = head.slice(separator + 1)
  return pull => pull.headOwnerLogin.toLowerCase() === owner && pull.headBranch === branch
}

function isKnownCommit(call: RepositoryCall, sha: string): boolean {
  const { store } = call.state
  const ids = store.runsByRepository.get(call.repository.id) ?? []
  return ids.some(id => store.run(id).headSha === sha) || pullsOf(call).some(pull => pull.baseSha === sha)
}
