import { createHash } from 'node:crypto'
import type { GithubStore } from '../store/github-store.ts'
import { requireRoom, StateProblem } from '../store/state-problem.ts'
import { credentialsMax } from '../store/store-limits.ts'
import type { StoredRepository } from '../store/stored-types.ts'

/** What a credential is. GitHub tells tokens by their beginning (docs/facts/github.md#credentials). */
export const viewerKinds = [
  'anonymous',
  'classic',
  'fine-grained',
  'oauth-app',
  'oauth-user',
  'app-user',
  'app',
  'installation',
  'job',
] as const
export type ViewerKind = (typeof viewerKinds)[number]

const kindsByPrefix: readonly (readonly [string, ViewerKind])[] = [
  ['github_pat_', 'fine-grained'],
  ['gho_', 'oauth-user'],
  ['ghu_', 'app-user'],
]

/**
 * Who asks. The primary limit counts by `bucket`: all credentials of one user share it
 * (docs/facts/github.md#primary-rate-limits).
 */
export interface RestViewer {
  name: string
  kind: ViewerKind
  bucket: string
  login: string | null
  isAuthenticated: boolean
  limitPerHour: number
  /** Full names of private repositories it may read, besides its user's own. */
  readsPrivate: readonly string[]
  /** Organizations whose private members it sees. */
  memberOf: readonly string[]
  /** From a personal token's making to its end; null for one without an end. */
  lifetimeDays: number | null
  /** Epoch milliseconds; not known any more from then on. */
  expiresAt: number | null
  /** Whose token it is. */
  installationId: number | null
}

interface CredentialInput {
  name: string
  /** `Authorization: Bearer <token>` or `token <token>`. */
  token?: string | undefined
  /** `Authorization: Basic`, as an OAuth app's client id and secret. */
  basic?: { username: string; password: string } | undefined
  /** Login it acts for. */
  user?: string | undefined
  limitPerHour?: number | undefined
  readsPrivate?: string[] | undefined
  /** By the token's beginning unless said. */
  kind?: ViewerKind | undefined
  bucket?: string | undefined
  memberOf?: string[] | undefined
  lifetimeDays?: number | null | undefined
  expiresAt?: number | null | undefined
  installationId?: number | undefined
}

const authenticatedLimitPerHour = 5_000
const anonymousLimitPerHour = 60

export class CredentialStore {
  /** By SHA-256 of the secret part: the secrets themselves are not kept. */
  readonly #byDigest = new Map<string, RestViewer>()
  readonly #names = new Set<string>()

  add(input: CredentialInput): RestViewer {
    if (this.#names.has(input.name)) throw new StateProblem(409, `credential ${input.name} exists`)
    if (input.token === undefined && input.basic === undefined) {
      throw new StateProblem(422, 'a credential needs a token or a basic pair')
    }
    requireRoom(this.#byDigest.size, credentialsMax, 'credentials')
    const viewer: RestViewer = {
      name: input.name,
      kind: input.kind ?? kindOf(input),
      bucket:
        input.bucket ?? (input.user === undefined ? `credential ${input.name}` : `user ${input.user.toLowerCase()}`),
      login: input.user ?? null,
      isAuthenticated: true,
      limitPerHour: input.limitPerHour ?? authenticatedLimitPerHour,
      readsPrivate: (input.readsPrivate ?? []).map(name => name.toLowerCase()),
      memberOf: input.memberOf ?? [],
      lifetimeDays: input.lifetimeDays ?? null,
      expiresAt: input.expiresAt ?? null,
      installationId: input.installationId ?? null,
    }
    this.#names.add(input.name)
    if (input.token !== undefined) this.#byDigest.set(digest(input.token), viewer)
    if (input.basic !== undefined) this.#byDigest.set(digest(`${input.basic.username}:${input.basic.password}`), viewer)
    return viewer
  }

  list(): RestViewer[] {
    return [...new Set(this.#byDigest.values())]
  }

  remove(name: string): void {
    this.#names.delete(name)
    for (const [key, viewer] of this.#byDigest) if (viewer.name === name) this.#byDigest.delete(key)
  }

  clear(): void {
    this.#byDigest.clear()
    this.#names.clear()
  }

  /** `undefined` for credentials that are not known or have expired, which GitHub answers with 401. */
  identify(authorization: string | undefined, address: string, now: number): RestViewer | undefined {
    if (authorization === undefined || authorization === '') return anonymous(address)
    const secret = secretPart(authorization)
    const viewer = secret === undefined ? undefined : this.#byDigest.get(digest(secret))
    return viewer?.expiresAt != null && viewer.expiresAt <= now ? undefined : viewer
  }
}

function anonymous(address: string): RestViewer {
  const name = 'anonymous'
  return {
    name,
    kind: 'anonymous',
    bucket: `address ${address}`,
    login: null,
    isAuthenticated: false,
    limitPerHour: anonymousLimitPerHour,
    readsPrivate: [],
    memberOf: [],
    lifetimeDays: null,
    expiresAt: null,
    installationId: null,
  }
}

function kindOf({ token, basic }: CredentialInput): ViewerKind {
  if (basic !== undefined) return 'oauth-app'
  return kindsByPrefix.find(([prefix]) => token?.startsWith(prefix))?.[1] ?? 'classic'
}

function secretPart(authorization: string): string | undefined {
  const match = /^(bearer|token|basic) +(\S+)$/i.exec(authorization.trim())
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  if (match[1].toLowerCase() !== 'basic') return match[2]
  return Buffer.from(match[2], 'base64').toString('utf8')
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

export function canRead(store: GithubStore, viewer: RestViewer, repository: StoredRepository): boolean {
  if (repository.visibility === 'public') return true
  if (viewer.readsPrivate.includes(store.fullName(repository).toLowerCase())) return true
  if (viewer.login === null) return false
  const login = viewer.login.toLowerCase()
  const readers = [store.user(repository.ownerId).login, ...repository.readers]
  return readers.some(reader => reader.toLowerCase() === login)
}
