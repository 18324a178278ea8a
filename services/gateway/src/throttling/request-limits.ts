import type { ProjectId, RepositoryName, RunId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { addressKey } from './address-key.ts'
import { RateLimiter, takeFromAll } from './rate-limiter.ts'

interface RequestLimitOptions {
  readonly claimsPerAddress: number
  readonly claimsPerRepository: number
  readonly claimsPerRun: number
  readonly asksPerAddress: number
  readonly buildsPerProject: number
  readonly buildsPerRun: number
}

/**
 * All are per minute; token exchanges are counted apart from claims, with the same numbers. Each method takes its
 * share, or throws `rate_limited` and takes nothing.
 */
export class RequestLimits {
  readonly #clock: Clock
  readonly #claimsOfAddress: RateLimiter
  readonly #claimsOfRepository: RateLimiter
  readonly #claimsOfRun: RateLimiter
  readonly #exchangesOfAddress: RateLimiter
  readonly #exchangesOfRepository: RateLimiter
  readonly #exchangesOfRun: RateLimiter
  readonly #asksOfAddress: RateLimiter
  readonly #buildsOfProject: RateLimiter
  readonly #buildsOfRun: RateLimiter

  constructor(settings: RequestLimitOptions, clock: Clock) {
    this.#clock = clock
    this.#claimsOfAddress = new RateLimiter({ perMinute: settings.claimsPerAddress })
    this.#claimsOfRepository = new RateLimiter({ perMinute: settings.claimsPerRepository })
    this.#claimsOfRun = new RateLimiter({ perMinute: settings.claimsPerRun })
    this.#exchangesOfAddress = new RateLimiter({ perMinute: settings.claimsPerAddress })
    this.#exchangesOfRepository = new RateLimiter({ perMinute: settings.claimsPerRepository })
    this.#exchangesOfRun = new RateLimiter({ perMinute: settings.claimsPerRun })
    this.#asksOfAddress = new RateLimiter({ perMinute: settings.asksPerAddress })
    this.#buildsOfProject = new RateLimiter({ perMinute: settings.buildsPerProject })
    this.#buildsOfRun = new RateLimiter({ perMinute: settings.buildsPerRun })
  }

  /** Before the body is read. */
  countClaimant(address: string): void {
    this.#take([[this.#claimsOfAddress, addressKey(address)]])
  }

  /** After the body was found good, before anything is started. GitHub's names ignore case. */
  countClaim(repository: RepositoryName, runId: RunId): void {
    const name = repository.toLowerCase()
    this.#take([
      [this.#claimsOfRepository, name],
      [this.#claimsOfRun, `${name}#${runId}`],
    ])
  }

  /** Before a token exchange's body is read. */
  countExchanger(address: string): void {
    this.#take([[this.#exchangesOfAddress, addressKey(address)]])
  }

  /** After the ID token was verified, so that no client can use up another run's share. */
  countExchange(repository: RepositoryName, runId: RunId): void {
    const name = repository.toLowerCase()
    this.#take([
      [this.#exchangesOfRepository, name],
      [this.#exchangesOfRun, `${name}#${runId}`],
    ])
  }

  /** After the run was admitted, before anything is started. */
  countBuild(projectId: ProjectId, { repository, runId }: { repository: RepositoryName; runId: RunId }): void {
    this.#take([
      [this.#buildsOfProject, projectId],
      [this.#buildsOfRun, `${repository.toLowerCase()}#${runId}`],
    ])
  }

  countRequest(address: string): void {
    this.#take([[this.#asksOfAddress, addressKey(address)]])
  }

  #take(buckets: readonly (readonly [RateLimiter, string])[]): void {
    takeFromAll(buckets, this.#clock.now())
  }
}
