import type { BuildOutcome, BuildState, PlatformState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { BuilderLossReason, Platform, ReleaseReason } from '@forkproof/contracts/builder'
import type { BuilderEvent } from '@forkproof/contracts/events'
import { limits } from '@forkproof/contracts/limits'
import { lossOf } from './loss.ts'
import { PlatformLeases } from './platform-leases.ts'

/** One build while it lives: its phase, why it ends, and its leases. */
export class LiveBuild {
  readonly spec: BuildSpec
  readonly leases: PlatformLeases
  phase: BuildState['phase'] = 'confirming'
  outcome: BuildOutcome | undefined
  reason: string | undefined
  #phaseChanges = 0
  #activeSinceMs = Number.POSITIVE_INFINITY

  constructor(spec: BuildSpec, nowMs: number) {
    this.spec = spec
    this.leases = new PlatformLeases(spec)
    for (const request of spec.wishes) this.leases.ask(request, nowMs)
  }

  get version(): number {
    return 1 + this.#phaseChanges + this.leases.changes
  }

  state(): BuildState {
    const { spec, phase, outcome, reason, lossReason } = this
    return {
      buildId: spec.buildId,
      version: this.version,
      phase,
      ...(outcome !== undefined && { outcome }),
      ...(reason !== undefined && { reason }),
      ...(lossReason !== undefined && { lossReason }),
      expiresAtMs: spec.expiresAtMs,
      platforms: this.#shownPlatforms(),
    }
  }

  /** Until the run is confirmed, no client learns how its builders are reached. */
  #shownPlatforms(): PlatformState[] {
    const wasConfirmed = Number.isFinite(this.#activeSinceMs)
    return this.leases.states().map(state => {
      const isHidden = !wasConfirmed && (state.state === 'ready' || state.state === 'queued')
      return isHidden ? { platform: state.platform, state: 'requested' } : state
    })
  }

  activate(nowMs: number): void {
    if (this.phase !== 'confirming') return
    this.#activeSinceMs = nowMs
    this.#enter('active')
  }

  /** The first reason counts. */
  end(outcome: BuildOutcome, reason?: string): void {
    if (this.phase !== 'confirming' && this.phase !== 'active') return
    this.outcome = outcome
    this.reason = reason
    this.leases.giveUp()
    this.#enter('ending')
  }

  close(): void {
    this.leases.closeSilent()
    this.#enter('ended')
  }

  apply(event: BuilderEvent): void {
    if (event.data.buildId !== this.spec.buildId || this.phase === 'ended') return
    this.leases.apply(event)
  }

  /** Ends the build or its waits if the time is over, or if no builder is left. */
  tick(nowMs: number): void {
    if (this.isSettled) return
    this.leases.expire(nowMs)
    if (this.phase === 'confirming') return
    if (nowMs >= this.spec.expiresAtMs) this.end('time_up')
    else if (this.leases.allOver) this.end(...this.#endOfBuilders())
    // Without a builder no node notices that the client is gone.
    else if (nowMs >= this.#idleEndsAtMs) this.end('client_gone', 'no platform was asked for')
  }

  get isSettled(): boolean {
    return this.phase === 'ending' || this.phase === 'ended'
  }

  isSettledFor(platform: Platform): boolean {
    if (this.phase === 'confirming') return false
    const state = this.leases.stateOf(platform)?.state
    return this.isSettled || state === 'ready' || state === 'failed' || state === 'destroyed'
  }

  /** When `tick` or the teardown next have something to do without an event, milliseconds since the epoch. */
  nextDeadlineMs(nowMs: number): number | undefined {
    const ownMs = this.phase === 'active' ? [this.spec.expiresAtMs, this.#idleEndsAtMs] : []
    const ahead = [...ownMs, this.leases.nextDeadlineMs(nowMs) ?? Number.POSITIVE_INFINITY].filter(Number.isFinite)
    return ahead.length > 0 ? Math.min(...ahead) : undefined
  }

  /** The reason in the releases that nodes get. */
  get releaseReason(): ReleaseReason {
    const { outcome } = this
    if (outcome === 'success' || outcome === 'error') return 'finished'
    if (outcome === undefined || outcome === 'failed' || outcome === 'refused') return 'not_wanted'
    return outcome
  }

  /** Of the first platform that was lost, once the build failed for that. */
  get lossReason(): BuilderLossReason | undefined {
    if (this.outcome !== 'failed' || this.reason !== 'builder_lost') return undefined
    const reasons = this.leases.states().map(state => {
      if (state.state !== 'failed' && state.state !== 'destroyed') return undefined
      return lossOf(state)?.lossReason
    })
    return reasons.find(reason => reason !== undefined)
  }

  get #idleEndsAtMs(): number {
    return this.leases.states().length > 0 ? Number.POSITIVE_INFINITY : this.#activeSinceMs + limits.clientGoneMs
  }

  #endOfBuilders(): [BuildOutcome, string?] {
    const states = this.leases.states()
    const reasons = states.map(state => (state.state === 'destroyed' ? state.reason : undefined))
    if (reasons.includes('client_gone')) return ['client_gone']
    if (reasons.includes('time_up')) return ['time_up']
    const failed = states.find(state => state.state === 'failed')
    return ['failed', failed?.state === 'failed' ? failed.reason : 'builder_lost']
  }

  #enter(phase: BuildState['phase']): void {
    this.phase = phase
    this.#phaseChanges += 1
  }
}
