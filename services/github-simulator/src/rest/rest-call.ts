import type { RestViewer } from '../access/credential-store.ts'
import type { SimulatedBehaviour } from '../behaviour/simulated-behaviour.ts'
import type { SimulatorState } from '../simulator-state.ts'
import type { StoredRepository } from '../store/stored-types.ts'
import type { AnswerLinks } from './json/answer-links.ts'

/** One REST request as handlers see it. */
export interface RestCall {
  state: SimulatorState
  viewer: RestViewer
  behaviour: SimulatedBehaviour
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  /** Path and query as asked, without the origin. */
  target: string
  links: AnswerLinks
  now: number
  apiVersion: string
  /** GitHub's page about this address; refusals name it. */
  documentation: string
  /** What it costs of the secondary limit (docs/facts/github.md#secondary-rate-limits). */
  points: number
}

export interface RepositoryCall extends RestCall {
  repository: StoredRepository
}

/** A positive safe integer in plain digits, else `undefined`: such addresses are 404, not 400. */
export function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9][0-9]{0,15}$/.test(text)) return undefined
  const id = Number(text)
  return Number.isSafeInteger(id) ? id : undefined
}
