import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { Octokit } from '@octokit/rest'
import type { z } from 'zod'
import { policyOf } from './access-policy.ts'
import type { Authorization } from './authorization.ts'
import type { Fetch } from './bounded-fetch.ts'
import type { CredentialKind } from './credential-kind.ts'
import { createEtagCache } from './etag-cache.ts'
import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'
import { PointsWindow } from './points-window.ts'
import { budgetAfter, freshBudget, isLimit } from './rate-budget.ts'
import type { RequestPriority } from './request-priority.ts'
import { headroom, isLow, spendableAtMs } from './reserves.ts'
import { Semaphore } from './semaphore.ts'

/** One `GET`: an Octokit route template, whose parameters Octokit encodes, and the shape of its answer. */
export interface GithubRequest<S extends z.ZodType> {
  readonly route: `GET /${string}`
  readonly parameters: Readonly<Record<string, string | number>>
  readonly schema: S
}

/** `counted` is false for a 304, which is free (docs/facts/github.md#conditional-requests). */
export type GithubAnswer<T> =
  | { readonly kind: 'found'; readonly value: T; readonly counted: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'moved'; readonly location: string | undefined }

interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | undefined>>
  readonly data: unknown
}

interface CredentialDeps {
  /** How logs call it; never a part of the secret. */
  readonly name: string
  readonly kind: CredentialKind
  /** Login of the owner that an App is installed at, in lower case. */
  readonly account?: string
  readonly authorization: Authorization
  /** Points a minute that this process may spend of it. */
  readonly pointsMinute: number
  readonly baseUrl: string
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Logger
}

/**
 * One credential with its own budget, ETags and cap on concurrency. It asks once; the caller decides about another try.
 */
export class GithubCredential {
  readonly name: string
  readonly kind: CredentialKind
  readonly account: string | undefined
  readonly #octokit: Octokit
  readonly #authorization: Authorization
  readonly #clock: Clock
  readonly #log: Logger
  readonly #etags = createEtagCache(githubLimits.etagEntriesMax)
  readonly #slots = new Semaphore(githubLimits.concurrentRequestsMax)
  readonly #points: PointsWindow
  #budget = freshBudget
  /** Requests without an answer: they may not be in GitHub's figures yet. */
  #open = 0

  constructor(options: CredentialDeps) {
    this.name = options.name
    this.kind = options.kind
    this.account = options.account
    this.#authorization = options.authorization
    this.#clock = options.clock
    this.#log = options.log
    this.#points = new PointsWindow(options.pointsMinute)
    const silent = { debug() {}, info() {}, warn() {}, error() {} }
    // Octokit's own log would print addresses. Its plugins for retries and throttling are not used:
    // they wait longer than a claim lives (docs/facts/github.md#octokit).
    const request = { fetch: withJsonAsText(options.fetch), redirect: 'manual' as const }
    this.#octokit = new Octokit({ baseUrl: options.baseUrl, log: silent, request })
  }

  /** When a request of this priority may be sent, in milliseconds since the epoch; now or earlier when it may. */
  spendableAtMs(priority: RequestPriority, reserve = 0): number {
    const nowMs = this.#clock.now()
    const { hourly, blockedUntilMs } = this.#budget
    const hourlyMs = hourly ? spendableAtMs(hourly, priority, this.#open + reserve, nowMs) : nowMs
    return Math.max(blockedUntilMs, hourlyMs, this.#points.spendableAtMs(priority, nowMs))
  }

  /** Requests left in this hour, and what of them this priority may spend. Undefined before the first answer. */
  left(priority: RequestPriority): { limit: number; remaining: number; spendable: number } | undefined {
    const { hourly } = this.#budget
    if (!hourly) return undefined
    const nowMs = this.#clock.now()
    const remaining = headroom(hourly, 'admitted', this.#open, nowMs)
    const spendable = Math.max(Math.floor(headroom(hourly, priority, this.#open, nowMs)), 0)
    return { limit: hourly.limit, remaining, spendable }
  }

  /** GitHub refuses everything for now: the credential itself, or by a limit. */
  get isBlocked(): boolean {
    return this.#budget.blockedUntilMs > this.#clock.now()
  }

  isLow(priority: RequestPriority): boolean {
    const { hourly } = this.#budget
    return hourly !== undefined && isLow(hourly, priority, this.#clock.now())
  }

  /** Spends one point and, unless the answer is a 304, one request of the hour. @throws GithubFault */
  async get<S extends z.ZodType>(
    request: GithubRequest<S>,
    priority: RequestPriority,
    signal: AbortSignal,
  ): Promise<GithubAnswer<z.output<S>>> {
    const key = `${request.route} ${JSON.stringify(request.parameters)}`
    const known = this.#etags.get(key)
    this.#points.spend(this.#clock.now())
    this.#open += 1
    const answer = await this.#slots
      .run(() => this.#ask(request, known?.etag, signal), signal, priority)
      .catch(error => this.#rethrow(error))
      .finally(() => {
        this.#open -= 1
      })
    this.#account(answer)
    // The schema that parsed the kept value is the route's own.
    if (answer.status === 304 && known) return { kind: 'found', value: known.value as z.output<S>, counted: false }
    if (answer.status === 404 || answer.status === 410) return { kind: 'missing' }
    if ([301, 302, 307, 308].includes(answer.status)) return { kind: 'moved', location: textHeader(answer, 'location') }
    if (answer.status !== 200) throw this.#refusal(answer)
    const parsed = request.schema.safeParse(dataOf(answer))
    if (!parsed.success) throw new GithubFault('malformed', `${request.route}: ${schemaProblemOf(parsed.error)}`)
    const etag = textHeader(answer, 'etag')
    if (etag === undefined) this.#etags.delete(key)
    else this.#etags.set(key, { etag, value: parsed.data })
    return { kind: 'found', value: parsed.data, counted: true }
  }

  /** A token that ended before its time is renewed once; its 401 says nothing of the credential. */
  async #ask(request: GithubRequest<z.ZodType>, etag: string | undefined, signal: AbortSignal): Promise<RawAnswer> {
    const answer = await this.#send(request, etag, signal)
    const renewed = answer.status === 401 && this.#authorization.renew?.() === true
    return renewed ? this.#send(request, etag, signal) : answer
  }

  /** An App that is suspended or removed at that owner has no token for a while. */
  #rethrow(error: unknown): never {
    const untilMs = error instanceof GithubFault && error.kind === 'limited' ? error.retryAtMs : undefined
    if (untilMs !== undefined) this.#budget = { ...this.#budget, blockedUntilMs: untilMs }
    throw error
  }

  async #send(request: GithubRequest<z.ZodType>, etag: string | undefined, signal: AbortSignal): Promise<RawAnswer> {
    const authorization = await this.#authorization.header(signal)
    const headers = {
      ...(authorization !== undefined && { authorization: authorization.reveal() }),
      'x-github-api-version': '2022-11-28',
      ...(etag !== undefined && { 'if-none-match': etag }),
    }
    try {
      return await this.#octokit.request(request.route, { ...request.parameters, headers, request: { signal } })
    } catch (error) {
      signal.throwIfAborted()
      return answerOf(error)
    }
  }

  #account(answer: RawAnswer): void {
    const nowMs = this.#clock.now()
    const rate = {
      status: answer.status,
      header: (name: string) => textHeader(answer, name),
      message: messageOf(answer),
    }
    const before = this.#budget
    this.#budget = budgetAfter(before, rate, nowMs)
    if (isRefused(answer)) {
      this.#budget = { ...this.#budget, blockedUntilMs: nowMs + githubLimits.refusedCredentialMs }
      this.#log.error({ credential: this.name }, 'GitHub refuses this credential; replace it')
    } else if (this.#budget.blockedUntilMs > nowMs && before.blockedUntilMs <= nowMs) {
      const retryAfterSeconds = Math.ceil((this.#budget.blockedUntilMs - nowMs) / 1_000)
      this.#log.warn({ credential: this.name, retryAfterSeconds }, 'this credential’s request limit is used up')
    }
  }

  #refusal(answer: RawAnswer): GithubFault {
    const { status } = answer
    const message = messageOf(answer)
    const limited = isRefused(answer) || isLimit({ status, header: name => textHeader(answer, name), message })
    if (limited) return new GithubFault('limited', `status ${status}`, { retryAtMs: this.#budget.blockedUntilMs })
    if (status !== 403 && status !== 451) return new GithubFault('server-error', `status ${status}`)
    return new GithubFault('forbidden', `status ${status}`, { policy: policyOf(status, message) })
  }
}

/** Refused is the credential itself, whatever it asks for (docs/facts/github.md#app-installations). */
const isRefused = (answer: RawAnswer): boolean =>
  answer.status === 401 || (answer.status === 403 && /installation has been suspended/i.test(messageOf(answer)))

/** Octokit throws on 304 and from 400 on, with the answer inside. A failed request has the fault as its cause. */
function answerOf(error: unknown): RawAnswer {
  if (error instanceof Error && error.cause instanceof GithubFault) throw error.cause
  const response = error instanceof Error && 'response' in error ? error.response : undefined
  if (isRawAnswer(response)) return response
  throw new GithubFault('unreachable', 'the request failed', { cause: error })
}

function isRawAnswer(value: unknown): value is RawAnswer {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    typeof value.status === 'number' &&
    'headers' in value &&
    'data' in value
  )
}

function textHeader(answer: RawAnswer, name: string): string | undefined {
  const value = answer.headers[name]
  return value === undefined ? undefined : String(value)
}

/**
 * Octokit parses JSON with a visitor of each value, to keep numbers beyond 2^53. That is many times slower than plain
 * parsing, and the schemas refuse such numbers anyway. So Octokit gets text, and `dataOf` parses it.
 */
function withJsonAsText(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    response.headers.set('content-type', 'text/plain')
    return response
  }
}

/** @throws GithubFault on text that is not JSON */
function dataOf({ data }: RawAnswer): unknown {
  try {
    return typeof data === 'string' && data !== '' ? JSON.parse(data) : undefined
  } catch {
    throw new GithubFault('malformed', 'the answer is not JSON')
  }
}

/** The start of an error's body, for telling a limit from a refusal. */
function messageOf(answer: RawAnswer): string {
  if (answer.status < 400 || typeof answer.data !== 'string') return ''
  return answer.data.slice(0, 2_000)
}

/** Paths and codes only: the values are GitHub's text, which must not be logged. */
const schemaProblemOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map(issue => `${issue.path.join('.') || 'body'} ${issue.code}`)
    .join(', ')
