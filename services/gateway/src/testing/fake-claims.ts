import type { ClaimSpec, ClaimVerdict } from '@forkproof/contracts/claim-spec'
import { AppError } from '@forkproof/contracts/errors'
import type { ClaimId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { ClaimRecord, Claims, Nudges } from '../claims/ports.ts'

interface RecordedClaim {
  record: ClaimRecord
  readonly order: ClaimSpec
  readonly end: PromiseWithResolvers<ClaimVerdict | 'failed'>
}

/** Claims in memory, with knobs: what was started, whether the truth can be reached, and how a claim ends. */
export class FakeClaims implements Claims {
  readonly started: ClaimSpec[] = []
  /** How many callers wait for a verdict. */
  waiting = 0
  down = false
  readonly #claims = new Map<ClaimId, RecordedClaim>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async start(order: ClaimSpec): Promise<'started' | 'key_used'> {
    this.#assertUp()
    if (this.#claims.has(order.claimId)) return 'key_used'
    const record = { status: 'running', ownKey: order.ownKey, startedAtMs: this.#clock.now() } as const
    this.#claims.set(order.claimId, { record, order, end: Promise.withResolvers() })
    this.started.push(order)
    return 'started'
  }

  async record(claimId: ClaimId): Promise<ClaimRecord | undefined> {
    this.#assertUp()
    return this.#claims.get(claimId)?.record
  }

  async verdict(claimId: ClaimId, signal: AbortSignal): Promise<ClaimVerdict | 'failed'> {
    this.#assertUp()
    const claim = this.#claims.get(claimId)
    if (!claim) throw new Error('asked for the verdict of an unknown claim')
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(new Error('aborted'))
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    this.waiting++
    try {
      return await Promise.race([claim.end.promise, aborted.promise])
    } finally {
      this.waiting--
      signal.removeEventListener('abort', abort)
    }
  }

  async reachable(): Promise<boolean> {
    return !this.down
  }

  end(claimId: ClaimId, verdict: ClaimVerdict | 'failed'): void {
    const claim = this.#claims.get(claimId)
    if (!claim) throw new Error('no such claim')
    const status = verdict === 'failed' ? 'failed' : 'completed'
    claim.record = { ...claim.record, status, closedAtMs: this.#clock.now() }
    claim.end.resolve(verdict)
  }

  #assertUp(): void {
    if (this.down) throw new AppError('temporarily_unavailable', { cause: new Error('down'), retryAfterSeconds: 2 })
  }
}

export class FakeNudges implements Nudges {
  readonly published: string[] = []

  publish: Nudges['publish'] = (claimId, kind) => {
    this.published.push(`${kind} ${claimId}`)
  }
}
