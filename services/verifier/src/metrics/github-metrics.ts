import { createMetrics } from '@forkproof/infra/telemetry'
import type { CredentialPool, OnRefusal } from '../github/credential-pool.ts'

/** What the verifier counts of its requests to GitHub. Labels are kinds and priorities; no credential has its name. */
export class GithubMetrics {
  readonly #metrics = createMetrics('verifier')
  readonly #limit = this.#metrics.gauge('github_requests_limit', 'Requests an hour by kind of credential', ['kind'])
  readonly #remaining = this.#metrics.gauge(
    'github_requests_remaining',
    'Requests left in this hour by kind of credential',
    ['kind'],
  )
  readonly #spendable = this.#metrics.gauge(
    'github_requests_for_unknown',
    'Those of them that repositories which no project names may spend',
    ['kind'],
  )
  readonly #blocked = this.#metrics.gauge('github_credentials_blocked', 'Credentials that GitHub refuses for now', [
    'kind',
  ])
  readonly #refused = this.#metrics.counter(
    'github_requests_refused_total',
    'Requests that no credential might send, by priority; "reserved" are those kept for others',
    ['priority', 'why'],
  )

  readonly onRefusal: OnRefusal = (priority, reserved) => {
    this.#refused.inc({ priority, why: reserved ? 'reserved' : 'limit' })
  }

  get contentType(): string {
    return this.#metrics.contentType
  }

  /** Prometheus text exposition. */
  async render(pool: Pick<CredentialPool, 'figures'>): Promise<string> {
    for (const gauge of [this.#limit, this.#remaining, this.#spendable, this.#blocked]) gauge.reset()
    for (const { kind, limit, remaining, spendable, isBlocked } of pool.figures) {
      this.#limit.inc({ kind }, limit)
      this.#remaining.inc({ kind }, Math.max(remaining, 0))
      this.#spendable.inc({ kind }, spendable)
      this.#blocked.inc({ kind }, isBlocked ? 1 : 0)
    }
    return this.#metrics.render()
  }
}
