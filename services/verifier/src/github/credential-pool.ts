import { createHash } from 'node:crypto'
import type { Clock } from '@forkproof/infra/clock'
import type { z } from 'zod'
import type { GithubAnswer, GithubCredential, GithubRequest } from './credential.ts'
import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'

/**
 * Several credentials as one. A run keeps to one of them, so that its ETags stay good. When that one is limited,
 * refused or forbidden, the next takes over.
 */
export class CredentialPool {
  readonly #credentials: readonly GithubCredential[]
  readonly #clock: Clock

  constructor(credentials: readonly GithubCredential[], clock: Clock) {
    this.#credentials = credentials
    this.#clock = clock
  }

  /**
   * `stickyKey`: the same for all requests of one run.
   * @throws GithubFault of kind `limited` when no credential may ask now
   */
  async get<S extends z.ZodType>(
    stickyKey: string,
    request: GithubRequest<S>,
    signal: AbortSignal,
  ): Promise<GithubAnswer<z.output<S>>> {
    let last: GithubFault | undefined
    for (const credential of this.#order(stickyKey)) {
      if (credential.blockedUntilMs > this.#clock.now()) continue
      try {
        return await credential.get(request, signal)
      } catch (error) {
        if (!(error instanceof GithubFault) || (error.kind !== 'limited' && error.kind !== 'forbidden')) throw error
        last = error
      }
    }
    if (last?.kind === 'forbidden') throw last
    throw new GithubFault('limited', 'no credential may ask now', { retryAtMs: this.#freeAtMs() })
  }

  /** Factor for the pause between two polls of a run: more than 1 when its credential's budget runs low. */
  slowdown(stickyKey: string): number {
    const nowMs = this.#clock.now()
    const current = this.#order(stickyKey).find(credential => credential.blockedUntilMs <= nowMs)
    return current?.low ? githubLimits.lowBudgetSlowdownFactor : 1
  }

  #freeAtMs(): number {
    return Math.min(...this.#credentials.map(credential => credential.blockedUntilMs))
  }

  #order(stickyKey: string): readonly GithubCredential[] {
    const hash = createHash('sha256').update(stickyKey).digest().readUInt32BE(0)
    const first = hash % Math.max(this.#credentials.length, 1)
    return [...this.#credentials.slice(first), ...this.#credentials.slice(0, first)]
  }
}
