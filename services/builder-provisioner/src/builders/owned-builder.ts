import type { BuilderLossReason } from '@forkproof/contracts/builder'
import type { BuilderCa } from '../credentials/builder-ca.ts'
import type { RunningBuilder } from '../drivers/driver.ts'
import type { BuilderRecord } from '../state/builder-record.ts'
import type { BuilderStatus, Teardown } from '../state/builder-status.ts'
import type { Failure } from '../state/failure.ts'
import type { Builder } from './builder.ts'

/** A builder as the pool has it, with everything that changes one. Nothing outside of this folder may import it. */
export class OwnedBuilder implements Builder {
  record: BuilderRecord
  used = false
  idleSinceMs: number | undefined
  running: RunningBuilder | undefined
  timings: Builder['timings']
  readyAtMs: number | undefined
  teardown: Teardown | undefined
  /** Settles when its creation is over, in whatever way. */
  created: Promise<void> = Promise.resolve()
  /** Aborts when its creation is no longer of use. */
  readonly signal: AbortSignal
  readonly #stop = new AbortController()
  #status: BuilderStatus
  #preparedCa: Promise<BuilderCa> | undefined

  constructor(record: BuilderRecord, status: BuilderStatus) {
    this.record = record
    this.#status = status
    this.signal = this.#stop.signal
  }

  get status(): BuilderStatus {
    return this.#status
  }

  get isUp(): boolean {
    return this.#status.phase === 'starting' || this.#status.phase === 'ready'
  }

  becomeReady(timings: NonNullable<Builder['timings']>, nowMs: number): void {
    if (this.#status.phase !== 'starting') return
    this.timings = timings
    this.readyAtMs = nowMs
    this.#status = { phase: 'ready' }
  }

  fail(failure: Failure): void {
    if (this.#status.phase === 'starting') this.#status = { phase: 'failed', failure }
  }

  lose(lossReason: BuilderLossReason): void {
    if (!this.isUp) return
    this.#status = { phase: 'lost', lossReason }
    this.#stop.abort(new Error('the builder has ended'))
  }

  beginDestroying(): void {
    this.#status = { phase: 'destroying' }
    this.#stop.abort(new Error('the builder is being destroyed'))
  }

  endDestroying(teardown: Teardown): void {
    const { beganAtMs, retryAtMs, leftovers } = teardown
    this.teardown = teardown
    this.#status = leftovers.length === 0 ? { phase: 'gone' } : { phase: 'stuck', teardown: { beganAtMs, retryAtMs } }
  }

  /** Keeps the larger count of each kind of trace, for the receipt. */
  noteTraces(traces: readonly string[]): void {
    this.record = { ...this.record, during: largerCounts(this.record.during, countKinds(traces)) }
  }

  /**
   * Certificates for its first lease, made while it starts, so that a lease with a warm builder does not wait for them.
   * A failure is reported by the lease that takes them.
   */
  prepareCa(ca: Promise<BuilderCa>): void {
    ca.catch(() => undefined)
    this.#preparedCa = ca
  }

  /** Once; later leases make their own. */
  takePreparedCa(): Promise<BuilderCa> | undefined {
    const ca = this.#preparedCa
    this.#preparedCa = undefined
    return ca
  }
}

/** `process 4711`, `process 4712`, `mount /x` → `{process: 2, mount: 1}`. */
function countKinds(traces: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const trace of traces) {
    const [kind = trace] = trace.split(' ', 1)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

function largerCounts(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) {
  const most = { ...one }
  for (const [kind, count] of Object.entries(other)) most[kind] = Math.max(most[kind] ?? 0, count)
  return most
}
