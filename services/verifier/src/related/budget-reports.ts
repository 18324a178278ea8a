import { type GithubBudgetReport, githubKeys } from '@forkproof/contracts/github-report'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { CredentialPool } from '../github/credential-pool.ts'
import type { RelatedList } from './related-list.ts'

const everyMs = 2_000
/** An unchanged report is written again after this time: the bucket forgets it after a minute. */
const rewriteMs = 10_000

interface BudgetReportDeps {
  readonly pool: Pick<CredentialPool, 'serveableAtMs' | 'figures'>
  readonly related: RelatedList
  readonly bucket: () => Promise<Pick<Bucket, 'set'>>
  readonly clock: Clock
  readonly log: Logger
}

/** Tells the gateway what GitHub's limits leave, and which repositories the projects name. */
export class BudgetReports {
  readonly #deps: BudgetReportDeps
  #written: { readonly text: string; readonly atMs: number } | undefined
  #failing = false

  constructor(deps: BudgetReportDeps) {
    this.#deps = deps
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.writeBudget()
      await this.#deps.clock.sleep(everyMs, signal).catch(() => undefined)
    }
  }

  async writeBudget(): Promise<void> {
    const { clock } = this.#deps
    const report = this.#report()
    const text = JSON.stringify({ ...report, atMs: 0 })
    const fresh = this.#written !== undefined && this.#written.atMs + rewriteMs > clock.now()
    if (fresh && this.#written?.text === text) return
    if (await this.#write(githubKeys.budget, report)) this.#written = { text, atMs: clock.now() }
  }

  async writeRepositories(): Promise<void> {
    const document = this.#deps.related.document
    if (document) await this.#write(githubKeys.repositories, document)
  }

  #report(): GithubBudgetReport {
    const { pool, clock } = this.#deps
    const nowMs = clock.now()
    const [unknownFromMs, relatedFromMs] = [pool.serveableAtMs('unknown'), pool.serveableAtMs('related')]
    return {
      atMs: nowMs,
      ...(unknownFromMs > nowMs && { unknownFromMs: Math.ceil(unknownFromMs) }),
      ...(relatedFromMs > nowMs && { relatedFromMs: Math.ceil(relatedFromMs) }),
      credentials: pool.figures.map(({ kind, limit, remaining, spendable }) => ({ kind, limit, remaining, spendable })),
    }
  }

  /** A bus that is away is no reason to stop: without a report the gateway takes every claim. */
  async #write(key: string, value: object): Promise<boolean> {
    try {
      await (await this.#deps.bucket()).set(key, JSON.stringify(value))
      this.#failing = false
      return true
    } catch (err) {
      if (!this.#failing) this.#deps.log.warn({ err }, 'the state of GitHub’s limits could not be told')
      this.#failing = true
      return false
    }
  }
}
