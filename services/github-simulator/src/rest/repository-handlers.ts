import { canRead } from '../access/credentials.ts'
import type { Repository } from '../state/model.ts'
import { type Answer, failure, idOf, notFound, ok, type RepositoryCall, type RestCall } from './answer.ts'
import { fullRepositoryJson } from './json/repository-json.ts'
import type { RestHandler } from './serve.ts'

export type RepositoryHandler = (call: RepositoryCall) => Answer

/** Finds the repository by number or by name, hides private ones, and sends former names on to the number. */
export function inRepository(handler: RepositoryHandler): RestHandler {
  return call => {
    const repository = locate(call)
    if (repository === undefined || !canRead(call.simulation.store, call.viewer, repository)) return notFound()
    if (isFormerName(call, repository)) return movedPermanently(call, repository)
    return handler({ ...call, repository })
  }
}

export function getRepository(call: RepositoryCall): Answer {
  return ok(fullRepositoryJson(call.simulation.store, call.links, call.repository))
}

/** Absolute address of this request by the repository's number, without the query: what `Link` and redirects use. */
export function numericAddress(call: RestCall, repository: Repository): string {
  const path = call.target.split('?')[0] ?? ''
  const rest = path.split('/').slice(call.params['repositoryId'] === undefined ? 4 : 3)
  return [`${call.links.api}/repositories/${repository.id}`, ...rest].join('/')
}

function locate(call: RestCall): Repository | undefined {
  const { store } = call.simulation
  if (call.params['repositoryId'] !== undefined) {
    const id = idOf(call.params['repositoryId'])
    return id === undefined ? undefined : store.repositories.get(id)
  }
  return store.findRepository(call.params['owner'] ?? '', call.params['repo'] ?? '')
}

function isFormerName(call: RestCall, repository: Repository): boolean {
  if (call.params['repositoryId'] !== undefined) return false
  const asked = `${call.params['owner']}/${call.params['repo']}`.toLowerCase()
  return call.simulation.store.fullName(repository).toLowerCase() !== asked
}

function movedPermanently(call: RestCall, repository: Repository): Answer {
  const query = call.target.split('?')[1]
  const location = numericAddress(call, repository) + (query === undefined ? '' : `?${query}`)
  const answer = failure(301, 'Moved Permanently', { location })
  const body = { message: 'Moved Permanently', url: location, documentation_url: 'https://docs.github.com/rest' }
  return { ...answer, body }
}
