import { AppError } from '@forkproof/contracts/errors'
import { GithubBudgetReport, githubKeys, RelatedRepositories } from '@forkproof/contracts/github-report'
import type { RepositoryName } from '@forkproof/contracts/ids'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { z } from 'zod'

/** A document is read again after this time. */
const freshMs = 2_000
/** After this time what a verifier said counts no more. */
const validMs = 60_000
/** A client is never told to wait longer: the hour's requests are back by then. */
const retryAfterSecondsMax = 3_600
const unreadRetryAfterSeconds = 5

interface GithubOutlookOptions {
  /** `relationships` serves only repositories that a project names. */
  readonly githubServe: 'all' | 'relationships'
}
interface GithubOutlookDeps {
  readonly bucket: Pick<Bucket, 'get'>
  readonly clock: Clock
}

/** How a repository's claims stand with the issuer's requests to GitHub. */
export interface GithubStanding {
  /** `unknown` when no project names it, or when no verifier has said. */
  readonly repository: 'related' | 'unknown'
  /** Claims are taken from this time on, milliseconds since the epoch; absent when now. */
  readonly servedFromMs?: number
  readonly credentials: GithubBudgetReport['credentials']
}

/**
 * What the verifier says of GitHub's limits, for refusing early. It is only a forecast: the verifier keeps its limits
 * by itself, so without a word of it every claim is taken. Whom to serve is no forecast: without a word nobody is
 * served.
 */
export class GithubOutlook {
  readonly #options: GithubOutlookOptions
  readonly #clock: Clock
  readonly #budget: RememberedDocument<GithubBudgetReport>
  readonly #related: RememberedDocument<RelatedRepositories>

  constructor(options: GithubOutlookOptions, { bucket, clock }: GithubOutlookDeps) {
    this.#options = options
    this.#clock = clock
    this.#budget = new RememberedDocument(bucket, githubKeys.budget, GithubBudgetReport, clock)
    this.#related = new RememberedDocument(bucket, githubKeys.repositories, RelatedRepositories, clock)
  }

  /** @throws AppError `repository_not_served`, `github_budget_low`, `temporarily_unavailable` */
  async admit(repository: RepositoryName): Promise<void> {
    if (this.#options.githubServe === 'relationships') await this.#demandRelationship(repository)
    const { servedFromMs } = await this.standing(repository)
    if (servedFromMs === undefined) return
    const waitSeconds = Math.ceil((servedFromMs - this.#clock.now()) / 1_000)
    const retryAfterSeconds = Math.min(Math.max(waitSeconds, 1), retryAfterSecondsMax)
    throw new AppError('github_budget_low', { retryAfterSeconds })
  }

  async standing(repository: RepositoryName): Promise<GithubStanding> {
    const [budget, related] = await Promise.all([this.#budget.read(), this.#related.read()])
    const standing = related && names(related, repository) ? 'related' : 'unknown'
    const fromMs = standing === 'related' ? budget?.relatedFromMs : budget?.unknownFromMs
    const isLater = fromMs !== undefined && fromMs > this.#clock.now()
    return {
      repository: standing,
      ...(isLater && { servedFromMs: fromMs }),
      credentials: budget?.credentials ?? [],
    }
  }

  async #demandRelationship(repository: RepositoryName): Promise<void> {
    const related = await this.#related.read()
    if (related && names(related, repository)) return
    // A final no only where the list is complete.
    if (related?.unresolved === 0) throw new AppError('repository_not_served')
    throw new AppError('temporarily_unavailable', { retryAfterSeconds: unreadRetryAfterSeconds })
  }
}

const names = ({ repositories }: RelatedRepositories, repository: RepositoryName): boolean =>
  repositories.some(({ name }) => name.toLowerCase() === repository.toLowerCase())

/** One document of the bucket. A reading that fails leaves the last one valid for a while. */
class RememberedDocument<T extends { readonly atMs: number }> {
  readonly #bucket: Pick<Bucket, 'get'>
  readonly #key: string
  readonly #schema: z.ZodType<T>
  readonly #clock: Clock
  #latest: { readonly value: T | undefined; readonly readAtMs: number } | undefined
  #reading: Promise<void> | undefined

  constructor(bucket: Pick<Bucket, 'get'>, key: string, schema: z.ZodType<T>, clock: Clock) {
    this.#bucket = bucket
    this.#key = key
    this.#schema = schema
    this.#clock = clock
  }

  /** Undefined when nobody has said anything lately, or nothing that can be understood. Never throws. */
  async read(): Promise<T | undefined> {
    const nowMs = this.#clock.now()
    if (!this.#latest || nowMs - this.#latest.readAtMs >= freshMs) {
      this.#reading ??= this.#readAgain().finally(() => {
        this.#reading = undefined
      })
      await this.#reading
    }
    const value = this.#latest?.value
    return value && nowMs - value.atMs < validMs ? value : undefined
  }

  async #readAgain(): Promise<void> {
    const readAtMs = this.#clock.now()
    try {
      const entry = await this.#bucket.get(this.#key)
      this.#latest = { value: entry && this.#schema.parse(JSON.parse(entry.value)), readAtMs }
    } catch {
      this.#latest = { value: this.#latest?.value, readAtMs }
    }
  }
}
