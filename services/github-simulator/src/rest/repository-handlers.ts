import { canRead } from '../access/credential-store.ts'
import type { StoredRepository } from '../store/stored-types.ts'
import { fullRepositoryJson } from './json/repository-json.ts'
import { answerOfPolicy } from './policy-answers.ts'
import { errorAnswer, notFoundAnswer, okAnswer, type RestAnswer } from './rest-answer.ts'
import { parseId, type RepositoryCall, type RestCall } from './rest-call.ts'
import type { RestHandler } from './serve-rest.ts'

export type RepositoryHandler = (call: RepositoryCall) => RestAnswer

/** Finds the repository by id or name, hides private ones, and redirects former names to the id. */
export function inRepository(handler: RepositoryHandler): RestHandler {
  return call => {
    const repository = locate(call)
    if (repository === undefined || !canRead(call.state.store, call.viewer, repository)) return notFoundAnswer()
    if (isFormerName(call, repository)) return movedPermanently(call, repository)
    const found = { ...call, repository }
    return answerOfPolicy(found) ?? handler(found)
  }
}

export function getRepository(call: RepositoryCall): RestAnswer {
  return okAnswer(fullRepositoryJson(call.state.store, call.links, call.repository))
}

/** Absolute address of this request by the repository's id, without the query: what `Link` and redirects use. */
export function numericAddress(call: RestCall, repository: StoredRepository): string {
  const path = call.target.split('?')[0] ?? ''
  const rest = path.split('/').slice(call.params['repositoryId'] === undefined ? 4 : 3)
  return [`${call.links.api}/repositories/${repository.id}`, ...rest].join('/')
}

function locate(call: RestCall): StoredRepository | undefined {
  const { store } = call.state
  if (call.params['repositoryId'] !== undefined) {
    const id = parseId(call.params['repositoryId'])
    return id === undefined ? undefined : store.repositories.get(id)
  }
  return store.findRepository(call.params['owner'] ?? '', call.params['repo'] ?? '')
}

function isFormerName(call: RestCall, repository: StoredRepository): boolean {
  if (call.params['repositoryId'] !== undefined) return false
  const asked = `${call.params['owner']}/${call.params['repo']}`.toLowerCase()
  return call.state.store.fullName(repository).toLowerCase() !== asked
}

function movedPermanently(call: RestCall, repository: StoredRepository): RestAnswer {
  const query = call.target.split('?')[1]
  const location = numericAddress(call, repository) + (query === undefined ? '' : `?${query}`)
  const answer = errorAnswer(301, 'Moved Permanently', { location })
  const body = { message: 'Moved Permanently', url: location, documentation_url: 'https://docs.github.com/rest' }
  return { ...answer, body }
}
