import type { PullRequest } from '../state/model.ts'
import { type Answer, failure, idOf, notFound, ok, type RepositoryCall } from './answer.ts'
import { pullJson, pullSimpleJson } from './json/pull-json.ts'
import { paginate } from './pagination.ts'
import { numericAddress } from './repository-handlers.ts'

export function listPulls(call: RepositoryCall): Answer {
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

export function getPull(call: RepositoryCall): Answer {
  const number = idOf(call.params['pull'])
  const pull = number === undefined ? undefined : call.simulation.store.pulls.get(call.repository.id)?.get(number)
  return pull === undefined ? notFound() : ok(pullJson(call.simulation.store, call.links, pull))
}

export function listCommitPulls(call: RepositoryCall): Answer {
  const sha = call.params['sha'] ?? ''
  const pulls = pullsOf(call).filter(pull => pull.headSha === sha || pull.mergeSha === sha)
  if (pulls.length === 0 && !isKnownCommit(call, sha)) return failure(422, `No commit found for SHA: ${sha}`)
  return pullPage(call, pulls)
}

function pullPage(call: RepositoryCall, pulls: readonly PullRequest[]): Answer {
  const page = paginate(pulls, call.query, numericAddress(call, call.repository))
  const list = page.items.map(pull => pullSimpleJson(call.simulation.store, call.links, pull))
  return ok(list, page.headers)
}

function pullsOf(call: RepositoryCall): PullRequest[] {
  return [...(call.simulation.store.pulls.get(call.repository.id)?.values() ?? [])]
}

/** `owner:branch`; a value without an owner filters nothing at GitHub, and so neither here. */
function headFilter(head: string | null): ((pull: PullRequest) => boolean) | undefined {
  const separator = head?.indexOf(':') ?? -1
  if (head === null || separator < 1) return undefined
  const owner = head.slice(0, separator).toLowerCase()
  const branch = head.slice(separator + 1)
  return pull => pull.headOwnerLogin.toLowerCase() === owner && pull.headBranch === branch
}

function isKnownCommit(call: RepositoryCall, sha: string): boolean {
  const { store } = call.simulation
  const ids = store.runsByRepository.get(call.repository.id) ?? []
  return ids.some(id => store.run(id).headSha === sha) || pullsOf(call).some(pull => pull.baseSha === sha)
}
