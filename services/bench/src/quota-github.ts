import type { Clock } from '@forkproof/infra/clock'
import type { Fetch } from '@forkproof/verifier/github/bounded-fetch'
import { baseRepository, type Json, rawArtifact, rawRun } from '@forkproof/verifier/testing/fake-github-answers'

const latencyMs = 100
const hourMs = 3_600_000
const minuteMs = 60_000
/** docs/facts/github.md#primary-rate-limits, docs/facts/github.md#secondary-rate-limits */
const githubAllows = { hourly: 5_000, pointsMinute: 900 }

type QuotaClass = 'build' | 'related claim' | 'unknown claim'

/** A GitHub in simulated time with one credential's limits. Counts who spends them, by what is asked for. */
export class QuotaGithub {
  readonly spent: Record<QuotaClass, number> = { build: 0, 'related claim': 0, 'unknown claim': 0 }
  /** Requests beyond a limit: none should be. */
  refused = 0
  pointsMinuteMax = 0
  /** Codes that are shown, by run. */
  readonly shown = new Map<string, string>()
  readonly #clock: Clock
  #windowEndMs = 0
  #used = 0
  #pointsAtMs: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly fetch: Fetch = async (input, init = {}) => {
    const url = new URL(String(input))
    await this.#clock.sleep(latencyMs, init.signal ?? undefined)
    if (!this.#take()) {
      this.refused += 1
      return answer(429, { message: 'rate limit' }, { 'retry-after': '60' })
    }
    const value = this.#valueOf(url.pathname)
    if (value === undefined) return this.#counted(url.pathname, answer(404, { message: 'Not Found' }, this.#headers()))
    const etag = `"${Buffer.from(JSON.stringify(value)).toString('base64url')}"`
    if (new Headers(init.headers).get('if-none-match') === etag) {
      this.#used -= 1
      return answer(304, undefined, { etag, ...this.#headers() })
    }
    return this.#counted(url.pathname, answer(200, value, { etag, ...this.#headers() }))
  }

  #counted(path: string, response: Response): Response {
    this.spent[classOf(path)] += 1
    return response
  }

  /** Runs of strangers that end in an even digit are there; the others are made up. */
  #valueOf(path: string): unknown {
    if (path === '/repositories/1001') return baseRepository
    const [, owner = '', repo = '', runId = '', list] =
      /^\/repos\/([^/]+)\/([^/]+)\/(?:actions\/runs\/(\d+))?(.*)$/.exec(path) ?? []
    const isKnown = owner === 'base-org'
    if (path.endsWith('/pulls')) return []
    if (!isKnown && Number(runId) % 2 === 1) return undefined
    const id = Number(runId)
    if (list === '/artifacts') {
      const code = this.shown.get(runId)
      const from = { id, repository_id: 1001, head_repository_id: 2002, head_sha: 'a'.repeat(40) }
      const made = { created_at: new Date(this.#clock.now()).toISOString(), workflow_run: from }
      return code === undefined
        ? { total_count: 0, artifacts: [] }
        : { total_count: 1, artifacts: [{ ...rawArtifact(code), ...made, created_at: shownAt }] }
    }
    if (list === '' || list === undefined) return runOf(id, isKnown ? undefined : `${owner}/${repo}`)
    return { total_count: 0, jobs: [] }
  }

  #take(): boolean {
    const nowMs = this.#clock.now()
    if (this.#windowEndMs <= nowMs) {
      this.#windowEndMs = nowMs + hourMs
      this.#used = 0
    }
    this.#pointsAtMs = this.#pointsAtMs.filter(atMs => atMs > nowMs - minuteMs)
    if (this.#used >= githubAllows.hourly || this.#pointsAtMs.length >= githubAllows.pointsMinute) return false
    this.#used += 1
    this.#pointsAtMs.push(nowMs)
    this.pointsMinuteMax = Math.max(this.pointsMinuteMax, this.#pointsAtMs.length)
    return true
  }

  #headers(): Record<string, string> {
    return {
      'x-ratelimit-limit': String(githubAllows.hourly),
      'x-ratelimit-remaining': String(githubAllows.hourly - this.#used),
      'x-ratelimit-reset': String(Math.ceil(this.#windowEndMs / 1_000)),
    }
  }
}

/** An artifact's time is checked against its claim's; the end of time is after every claim. */
const shownAt = '2099-01-01T00:00:00Z'

function runOf(id: number, stranger: string | undefined): Json {
  if (stranger === undefined) return rawRun({ id })
  const repository = { ...baseRepository, id: id + 5_000_000, full_name: stranger }
  return rawRun({ id, repository })
}

/** Runs of builds have ids from 2,000,000 on, those of claims below. */
function classOf(path: string): QuotaClass {
  if (path.startsWith('/repositories/')) return 'related claim'
  if (!path.startsWith('/repos/base-org/')) return 'unknown claim'
  return Number(/runs\/(\d+)/.exec(path)?.[1] ?? 0) >= 2_000_000 ? 'build' : 'related claim'
}

const answer = (status: number, value: unknown, headers: Record<string, string>): Response =>
  new Response(value === undefined ? null : JSON.stringify(value), { status, headers })
