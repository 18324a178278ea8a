import type { Clock } from '@forkproof/infra/clock'
import { mayHelp } from './access-policy.ts'
import type { CredentialKind } from './credential-kind.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'
import type { RequestPriority } from './request-priority.ts'

interface Refused {
  readonly atMs: number
  readonly fault: GithubFault
  readonly kinds: ReadonlySet<CredentialKind>
}

/**
 * Which kinds of credentials a policy keeps from reading what, so that the next claim there costs no request. What is
 * one route of one repository: a job's log may be closed where the run is open. Bounded, and forgotten after a while,
 * because owners change policies.
 */
export class AccessMemory {
  readonly #refused: ExpiringMap<Refused>
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
    this.#refused = new ExpiringMap(clock, githubLimits.refusalRememberedMs, githubLimits.refusalEntriesMax)
  }

  /** The first refusal that is remembered. */
  faultOf(what: string, priority: RequestPriority): GithubFault | undefined {
    return this.#known(what, priority)?.fault
  }

  /** Whether one try with a credential of that kind could succeed; the policy says whom it may let pass. */
  mayRead(what: string, kind: CredentialKind, priority: RequestPriority): boolean {
    const refused = this.#known(what, priority)
    if (!refused) return kind !== 'anonymous'
    const { policy } = refused.fault
    return !refused.kinds.has(kind) && policy !== undefined && mayHelp(policy, kind)
  }

  refuse(what: string, kind: CredentialKind, fault: GithubFault): void {
    const nowMs = this.#clock.now()
    // Counts from the latest refusal, also of a kind that was refused before.
    const known = this.#refused.get(what)
    const kinds = known && !known.kinds.has(kind) ? [...known.kinds, kind] : [kind]
    this.#refused.set(what, { atMs: nowMs, fault: known?.fault ?? fault, kinds: new Set(kinds) })
  }

  /** A build that goes on is worth asking for once a minute: it must end with its run. */
  #known(what: string, priority: RequestPriority): Refused | undefined {
    const refused = this.#refused.get(what)
    const isOld = priority === 'admitted' && refused && refused.atMs + githubLimits.admittedRetryMs <= this.#clock.now()
    return isOld ? undefined : refused
  }
}
