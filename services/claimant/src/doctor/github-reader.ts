import { boundedText } from '../claiming/bounded-body.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { doctorLimits } from './limits.ts'

interface DoctorReading {
  readonly status: number
  /** Undefined where the answer is no JSON. */
  readonly body: unknown
  readonly etag: string | undefined
  /** `x-ratelimit-used`, where there is one. */
  readonly used: number | undefined
  /** GitHub's clock in milliseconds since the epoch, and ours in the middle of the request. */
  readonly theirTimeMs: number | undefined
  readonly ourTimeMs: number
}

export class RequestBudgetError extends Error {
  override readonly name = 'RequestBudgetError'
}

/** Reads GitHub's REST API with the workflow's own token, within a budget of requests. */
export class GithubReader {
  readonly #options: { readonly apiUrl: string; readonly token: string }
  readonly #clock: ClaimDeps['clock']
  readonly #deadline: AbortSignal
  #requests = 0

  constructor(options: { apiUrl: string; token: string }, clock: ClaimDeps['clock'], deadline: AbortSignal) {
    this.#options = options
    this.#clock = clock
    this.#deadline = deadline
  }

  get requests(): number {
    return this.#requests
  }

  /** @throws RequestBudgetError, or the error of a connection that failed */
  async read(path: string, etag?: string): Promise<DoctorReading> {
    if (this.#requests >= doctorLimits.requestsMax) throw new RequestBudgetError()
    this.#requests += 1
    const askedAtMs = this.#clock.now()
    const response = await fetch(`${this.#options.apiUrl}${path}`, {
      // A renamed repository answers 301, which is a finding and not a way.
      redirect: 'manual',
      signal: AbortSignal.any([this.#deadline, AbortSignal.timeout(doctorLimits.requestTimeoutMs)]),
      headers: {
        accept: 'application/vnd.github+json',
        'user-agent': 'forkproof-doctor',
        authorization: `Bearer ${this.#options.token}`,
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
    })
    const text = await boundedText(response, doctorLimits.answerBytesMax, () => new Error('the answer is too large'))
    const { headers, status } = response
    const date = Date.parse(headers.get('date') ?? '')
    const used = headers.get('x-ratelimit-used')
    return {
      status,
      body: parseJson(text),
      etag: headers.get('etag') ?? undefined,
      used: used !== null && /^[0-9]+$/.test(used) ? Number(used) : undefined,
      theirTimeMs: Number.isNaN(date) ? undefined : date,
      ourTimeMs: (askedAtMs + this.#clock.now()) / 2,
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
