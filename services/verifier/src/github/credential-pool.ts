import { createHash } from 'node:crypto'
import type { RepositoryName } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { z } from 'zod'
import { AccessMemory } from './access-memory.ts'
import type { GithubAnswer, GithubCredential, GithubRequest } from './credential.ts'
import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'
import type { RequestPriority } from './request-priority.ts'

/** Whose request it is. */
interface RequestOwner {
  readonly repository: RepositoryName
  /** The same for all requests of one run, so that they keep to one credential and its ETags stay good. */
  readonly stickyKey: string
  readonly priority: RequestPriority
}

/**
 * Several credentials as one. When the run's own one is limited or refused, the next takes over. A policy that forbids
 * the repository is final: each kind that it may let pass gets one try, and then nobody asks again for a while.
 */
export class CredentialPool {
  readonly #credentials: readonly GithubCredential[]
  readonly #clock: Clock
  readonly #access: AccessMemory

  /** Credentials of kind `anonymous` are asked only where a policy refuses others. */
  constructor(credentials: readonly GithubCredential[], clock: Clock) {
    this.#credentials = credentials
    this.#clock = clock
    this.#access = new AccessMemory(clock)
  }

  /** @throws GithubFault of kind `limited` when no credential may ask now, `forbidden` when a policy forbids it */
  async get<S extends z.ZodType>(
    { repository, stickyKey, priority }: RequestOwner,
    request: GithubRequest<S>,
    signal: AbortSignal,
  ): Promise<GithubAnswer<z.output<S>>> {
    const what = `${repository.toLowerCase()} ${request.route}`
    for (const credential of this.#order(stickyKey)) {
      // Asked anew for each: a refusal of the one before changes who may help.
      if (!this.#access.mayRead(what, credential.kind, priority) || credential.blockedUntilMs > this.#clock.now())
        continue
      try {
        return await credential.get(request, signal)
      } catch (error) {
        if (!(error instanceof GithubFault)) throw error
        if (error.policy !== undefined) this.#access.refuse(what, credential.kind, error)
        else if (error.kind !== 'limited') throw error
      }
    }
    const able = this.#credentials.filter(({ kind }) => this.#access.mayRead(what, kind, priority))
    const refused = this.#access.faultOf(what, priority)
    if (able.length === 0 && refused) throw refused
    const retryAtMs = Math.min(...able.map(credential => credential.blockedUntilMs))
    throw new GithubFault('limited', 'no credential may ask now', { retryAtMs })
  }

  /** Factor for the pause between two polls of a run: more than 1 when its credential's budget runs low. */
  slowdown(stickyKey: string): number {
    const nowMs = this.#clock.now()
    const current = this.#order(stickyKey).find(credential => credential.blockedUntilMs <= nowMs)
    return current?.low ? githubLimits.lowBudgetSlowdownFactor : 1
  }

  /** Anonymous ones last, whatever the key. */
  #order(stickyKey: string): readonly GithubCredential[] {
    const named = this.#credentials.filter(({ kind }) => kind !== 'anonymous')
    const anonymous = this.#credentials.filter(({ kind }) => kind === 'anonymous')
    const hash = createHash('sha256').update(stickyKey).digest().readUInt32BE(0)
    const first = hash % Math.max(named.length, 1)
    return [...named.slice(first), ...named.slice(0, first), ...anonymous]
  }
}
