import type { Viewer } from '../access/credentials.ts'
import type { Dials } from '../dials/dials.ts'
import type { Simulation } from '../simulation.ts'
import type { Repository } from '../state/model.ts'
import type { Links } from './json/links.ts'

/** One REST request as handlers see it. */
export interface RestCall {
  simulation: Simulation
  viewer: Viewer
  dials: Dials
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  /** Path and query as asked, without the origin. */
  target: string
  links: Links
  now: number
  apiVersion: string
}

export interface RepositoryCall extends RestCall {
  repository: Repository
}

export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export function ok(body: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, body, headers }
}

/** GitHub's error document. */
export function failure(status: number, message: string, headers: Record<string, string> = {}): Answer {
  const body = { message, documentation_url: 'https://docs.github.com/rest', status: String(status) }
  return { status, body, headers }
}

export const notFound = (): Answer => failure(404, 'Not Found')

/** A positive safe integer in plain digits, else `undefined`: such addresses are 404, not 400. */
export function idOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9][0-9]{0,15}$/.test(text)) return undefined
  const id = Number(text)
  return Number.isSafeInteger(id) ? id : undefined
}
