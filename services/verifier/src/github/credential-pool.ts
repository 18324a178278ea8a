import { createHash } from 'node:crypto'
import type { Clock } from '@forkproof/infra/clock'
import type { z } from 'zod'
import { AccessMemory } from './access-memory.ts'
import type { AppInstallations } from './app/app-installations.ts'
import type { GithubAnswer, GithubCredential, GithubRequest } from './credential.ts'
import type { CredentialKind } from './credential-kind.ts'
import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'
import type { RequestPriority } from './request-priority.ts'

/** Whose request it is. */
interface RequestOwner {
  /** What a policy may refuse: a repository's name, or another address's. */
  readonly repository: string
  /** The same for all requests of one run, so that they keep to one credential and its ETags stay good. */
  readonly stickyKey: string
  readonly priority: RequestPriority
}

/** What one credential has left in this hour; `spendable` is what unknown repositories may spend of it. */
interface BudgetFigures {
  readonly name: string
  readonly kind: CredentialKind
  readonly limit: number
  readonly remaining: number
  readonly spendable: number
  readonly isBlocked: boolean
}

/** Where an App is installed. */
type Installations = Pick<AppInstallations, 'ready' | 'credentials'>
const none: Installations = { ready: async () => undefined, credentials: [] }

/** Told of each request that no credential may send now; `reserved` when others still could. */
export type OnRefusal = (priority: RequestPriority, reserved: boolean) => void

/**
 * Several credentials as one. When the run's own one is limited or refused, the next takes over. A policy that forbids
 * the repository is final: each kind that it may let pass gets one try, and then nobody asks again for a while.
 */
export class CredentialPool {
  readonly #fixed: readonly GithubCredential[]
  readonly #installations: Installations
  readonly #clock: Clock
  readonly #access: AccessMemory
  readonly #onRefusal: OnRefusal

  /** Credentials of kind `anonymous` are asked only where a policy refuses others. */
  constructor(
    { fixed, installations = none }: { fixed: readonly GithubCredential[]; installations?: Installations | undefined },
    clock: Clock,
    onRefusal: OnRefusal = () => undefined,
  ) {
    this.#fixed = fixed
    this.#installations = installations
    this.#onRefusal = onRefusal
    this.#clock = clock
    this.#access = new AccessMemory(clock)
  }

  /**
   * Waits for a short while when the minute's points are spent.
   * @throws GithubFault of kind `limited` when no credential may ask now, `forbidden` when a policy forbids it
   */
  async get<S extends z.ZodType>(
    owner: RequestOwner,
    request: GithubRequest<S>,
    signal: AbortSignal,
  ): Promise<GithubAnswer<z.output<S>>> {
    await this.#installations.ready()
    const untilMs = this.#clock.now() + githubLimits.pointsWaitMsMax
    for (;;) {
      const outcome = await this.#try(owner, request, signal)
      if (outcome instanceof GithubFault) {
        if (outcome.kind === 'limited') this.#onRefusal(owner.priority, outcome.reserved)
        throw outcome
      }
      if (typeof outcome !== 'number') return outcome
      if (outcome > untilMs) {
        this.#onRefusal(owner.priority, false)
        throw new GithubFault('limited', 'the minute’s points are spent', { retryAtMs: outcome })
      }
      await this.#clock.sleep(Math.max(outcome - this.#clock.now(), 1), signal)
    }
  }

  /** An answer, a fault that ends the request, or the time when another try may succeed. */
  async #try<S extends z.ZodType>(
    { repository, stickyKey, priority }: RequestOwner,
    request: GithubRequest<S>,
    signal: AbortSignal,
  ): Promise<GithubAnswer<z.output<S>> | GithubFault | number> {
    const what = `${repository.toLowerCase()} ${request.route}`
    for (const credential of this.#order(stickyKey, repository)) {
      // Asked anew for each: a refusal of the one before changes who may help.
      if (!this.#access.mayRead(what, credential.kind, priority)) continue
      if (credential.spendableAtMs(priority) > this.#clock.now()) continue
      try {
        return await credential.get(request, priority, signal)
      } catch (error) {
        if (!(error instanceof GithubFault)) throw error
        if (error.policy !== undefined) this.#access.refuse(what, credential.kind, error)
        else if (error.kind !== 'limited') return error
      }
    }
    const able = this.#credentials.filter(({ kind }) => this.#access.mayRead(what, kind, priority))
    const refused = this.#access.faultOf(what, priority)
    if (able.length === 0 && refused) return refused
    const retryAtMs = Math.min(...able.map(credential => credential.spendableAtMs(priority)))
    const isPassing = able.some(credential => !credential.isBlocked)
    if (isPassing && retryAtMs <= this.#clock.now() + githubLimits.pointsWaitMsMax) return retryAtMs
    const reserved = able.some(credential => !credential.isBlocked && credential.spendableAtMs('admitted') < retryAtMs)
    return new GithubFault('limited', 'no credential may ask now', { retryAtMs, reserved })
  }

  /** Factor for the pause between two polls of a run: more than 1 when little is left for its priority. */
  slowdown({ repository, stickyKey, priority }: RequestOwner): number {
    const nowMs = this.#clock.now()
    const current = this.#order(stickyKey, repository).find(credential => credential.spendableAtMs(priority) <= nowMs)
    return current?.isLow(priority) ? githubLimits.lowBudgetSlowdownFactor : 1
  }

  /**
   * When a new claim of this priority could be served by some credential; now or earlier when at once. Keeps enough
   * back for those that are served already.
   */
  serveableAtMs(priority: RequestPriority): number {
    const named = this.#credentials.filter(({ kind }) => kind !== 'anonymous')
    return Math.min(...named.map(credential => credential.spendableAtMs(priority, githubLimits.openClaimsReserve)))
  }

  /** What is left, by kind. Credentials that have not asked yet are left out. */
  get figures(): readonly BudgetFigures[] {
    return this.#credentials.flatMap(credential => {
      const left = credential.left('unknown')
      return left ? [{ name: credential.name, kind: credential.kind, ...left, isBlocked: credential.isBlocked }] : []
    })
  }

  get #credentials(): readonly GithubCredential[] {
    return [...this.#installations.credentials, ...this.#fixed]
  }

  /**
   * By what certainly can read the repository: the App's installation at its owner, then tokens, then installations
   * elsewhere, for which GitHub documents nothing (docs/facts/github.md#credentials). Anonymous last, whatever the key.
   */
  #order(stickyKey: string, repository: string): readonly GithubCredential[] {
    const hash = createHash('sha256').update(stickyKey).digest().readUInt32BE(0)
    const turned = (credentials: readonly GithubCredential[]) => {
      const first = hash % Math.max(credentials.length, 1)
      return [...credentials.slice(first), ...credentials.slice(0, first)]
    }
    const owner = repository.split('/')[0]?.toLowerCase()
    const { credentials: installed } = this.#installations
    return [
      ...installed.filter(({ account }) => account === owner),
      ...turned(this.#fixed.filter(({ kind }) => kind !== 'anonymous')),
      ...turned(installed.filter(({ account }) => account !== owner)),
      ...this.#fixed.filter(({ kind }) => kind === 'anonymous'),
    ]
  }
}
