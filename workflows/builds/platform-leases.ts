import type { PlatformState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { BuilderFailure, Platform, PlatformRequest } from '@forkproof/contracts/builder'
import type { BuilderEvent } from '@forkproof/contracts/events'
import type { LeaseId, NodeId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { type Lease, liveNodes, newLease, nodesToTell, openUntilMs, waitEndsAtMs } from './lease.ts'
import { lossOf } from './loss.ts'

/** A builder that fails before it was used is asked for again, this often in all. */
export const leasesPerPlatformMax = 3
/** Another try keeps at least this much time in the queue. */
const retryQueueMsMin = 60_000

type EventOf<K extends string> = Extract<BuilderEvent, { type: `forkproof.builder.${K}.v1` }>

type FailedState = Extract<PlatformState, { state: 'failed' }>

interface WantedPlatform {
  readonly request: PlatformRequest
  readonly askedAtMs: number
  shown: PlatformState
  /** Of the newest lease; undefined before the first. */
  lease: Lease | undefined
  needsLease: boolean
  /** Of the newest `accepted`, so that an older one that arrives later does not move the queue back. */
  acceptedTime: string
}

/**
 * The platforms of a build and their leases, moved by events that may come doubled, late or in any order. Knows nothing
 * of Temporal; the time is handed in. `changes` counts what a client can see.
 */
export class PlatformLeases {
  changes = 0
  readonly #spec: Pick<BuildSpec, 'allowedPlatforms' | 'expiresAtMs'>
  readonly #platforms = new Map<Platform, WantedPlatform>()
  readonly #leases = new Map<LeaseId, Lease>()

  constructor(spec: Pick<BuildSpec, 'allowedPlatforms' | 'expiresAtMs'>) {
    this.#spec = spec
  }

  /** Asks for a builder; the first request for a platform counts. */
  ask(request: PlatformRequest, nowMs: number): void {
    if (this.#platforms.has(request.platform)) return
    const { platform } = request
    const granted = this.#spec.allowedPlatforms.includes(platform)
    const shown: PlatformState = granted
      ? { platform, state: 'requested' }
      : { platform, state: 'failed', reason: 'platform_unavailable', detail: 'the platform is not granted' }
    this.#platforms.set(platform, {
      request,
      askedAtMs: nowMs,
      shown,
      lease: undefined,
      needsLease: granted,
      acceptedTime: '',
    })
    this.changes += 1
  }

  states(): PlatformState[] {
    return [...this.#platforms.values()].map(({ shown }) => shown)
  }

  stateOf(platform: Platform): PlatformState | undefined {
    return this.#platforms.get(platform)?.shown
  }

  /** Requests that no lease waits for or serves. */
  requestsToServe(): PlatformRequest[] {
    return [...this.#platforms.values()].filter(({ needsLease }) => needsLease).map(({ request }) => request)
  }

  /** Opens a lease for a request. The build's whole wait in queues is bounded, not that of each try. */
  open(request: PlatformRequest, leaseId: LeaseId, nowMs: number): Lease {
    const wanted = this.#wanted(request.platform)
    const queueEndsAtMs = wanted.askedAtMs + limits.builderQueueMsMax
    const lease = newLease({
      leaseId,
      platform: request.platform,
      attempt: (wanted.lease?.attempt ?? 0) + 1,
      expiresAtMs: Math.min(Math.max(queueEndsAtMs, nowMs + retryQueueMsMin), this.#spec.expiresAtMs),
    })
    wanted.lease = lease
    wanted.needsLease = false
    this.#leases.set(leaseId, lease)
    return lease
  }

  apply(event: BuilderEvent): void {
    const lease = this.#leases.get(event.data.leaseId)
    if (!lease || lease.platform !== event.data.platform) return
    if (lease.nodes.get(event.data.nodeId) === 'over') return
    if (event.type === 'forkproof.builder.accepted.v1') this.#accepted(lease, event)
    else if (event.type === 'forkproof.builder.ready.v1') this.#ready(lease, event)
    else if (event.type === 'forkproof.builder.failed.v1') this.#failed(lease, event)
    else this.#destroyed(lease, event)
  }

  /** The platform gets no builder from this lease. */
  fail(lease: Lease, reason: BuilderFailure, more: Pick<FailedState, 'lossReason' | 'detail'> = {}): void {
    const wasWanted = lease.wanted
    lease.wanted = false
    if (!wasWanted || !this.#isNewest(lease)) return
    this.#show({ platform: lease.platform, state: 'failed', reason, ...more })
  }

  /** Gives up the leases that waited too long. */
  expire(nowMs: number): void {
    for (const lease of this.#waiting()) {
      if (waitEndsAtMs(lease) > nowMs) continue
      if (liveNodes(lease).length > 0)
        this.fail(lease, 'builder_not_ready', { detail: 'its node did not answer in time' })
      else this.fail(lease, 'no_capacity', { detail: 'no node took the request in time' })
    }
  }

  /** The build is over: nothing is wanted any more. */
  giveUp(): void {
    for (const lease of this.#leases.values()) lease.wanted = false
    for (const wanted of this.#platforms.values()) wanted.needsLease = false
  }

  toRelease(): { lease: Lease; nodeId: NodeId }[] {
    return [...this.#leases.values()].flatMap(lease => nodesToTell(lease).map(nodeId => ({ lease, nodeId })))
  }

  /** Is news still expected about something of the build that exists or may exist? */
  isOpen(nowMs: number): boolean {
    return [...this.#leases.values()].some(lease => lease.wanted || (openUntilMs(lease) ?? 0) > nowMs)
  }

  /** Every platform that was asked for is failed or gone, and there was one. */
  get allOver(): boolean {
    const states = this.states()
    return states.length > 0 && states.every(({ state }) => state === 'failed' || state === 'destroyed')
  }

  /** When `expire` or `isOpen` next have something to say, milliseconds since the epoch. */
  nextDeadlineMs(nowMs: number): number | undefined {
    const ends = [...this.#leases.values()].flatMap(lease => {
      if (lease.wanted) return lease.servedBy === undefined ? [waitEndsAtMs(lease)] : []
      return openUntilMs(lease) ?? []
    })
    const ahead = ends.filter(end => end > nowMs && Number.isFinite(end))
    return ahead.length > 0 ? Math.min(...ahead) : undefined
  }

  /** A builder whose end nobody confirmed is not shown as ready for ever. */
  closeSilent(): void {
    for (const { shown } of this.#platforms.values()) {
      if (shown.state !== 'ready') continue
      const { platform } = shown
      const loss = { reason: 'builder_lost', lossReason: 'teardown_unconfirmed' } as const
      this.#show({ platform, state: 'failed', ...loss, detail: 'its node did not confirm the teardown' })
    }
  }

  #accepted(lease: Lease, { time, data }: EventOf<'accepted'>): void {
    if (!lease.nodes.has(data.nodeId)) lease.nodes.set(data.nodeId, 'accepted')
    const wanted = this.#wanted(lease.platform)
    const waiting = lease.wanted && this.#isNewest(lease) && lease.servedBy === undefined
    if (!waiting || time < wanted.acceptedTime) return
    wanted.acceptedTime = time
    const { position, estimateSeconds } = data
    const { shown } = wanted
    const same = shown.state === 'queued' && shown.position === position && shown.estimateSeconds === estimateSeconds
    if (same) return
    const estimate = estimateSeconds !== undefined && { estimateSeconds }
    this.#show({ platform: lease.platform, state: 'queued', position, ...estimate })
  }

  #ready(lease: Lease, { data }: EventOf<'ready'>): void {
    lease.nodes.set(data.nodeId, 'ready')
    if (!lease.wanted || lease.servedBy !== undefined) return
    lease.servedBy = data.nodeId
    const { platform, builderId, nodeId, emulated, timings } = data
    const { sealedClientKey, ...rest } = data.connection
    const connection = { ...rest, ...(sealedClientKey !== undefined && { sealedClientKey }) }
    this.#show({ platform, state: 'ready', builderId, nodeId, emulated, connection, timings })
  }

  #failed(lease: Lease, { data }: EventOf<'failed'>): void {
    lease.nodes.set(data.nodeId, 'over')
    if (this.#servedElsewhere(lease, data.nodeId)) return
    if (lease.servedBy === undefined && data.retryable && this.#tryAgain(lease)) return
    const { reason, lossReason, detail } = data
    const more = { ...(lossReason && { lossReason }), ...(detail !== undefined && { detail }) }
    if (lease.wanted) this.fail(lease, reason, more)
    else if (this.#isNewest(lease) && !this.#isOver(lease.platform)) {
      this.#show({ platform: lease.platform, state: 'failed', reason, ...more })
    }
  }

  #destroyed(lease: Lease, { data }: EventOf<'destroyed'>): void {
    lease.nodes.set(data.nodeId, 'over')
    if (this.#servedElsewhere(lease, data.nodeId)) return
    if (lossOf(data) && lease.servedBy === undefined && this.#tryAgain(lease)) return
    lease.wanted = false
    const { platform, reason, lossReason, receipt } = data
    // Also over what was shown as failed for want of an answer: a receipt says more.
    if (this.#isNewest(lease))
      this.#show({ platform, state: 'destroyed', reason, ...(lossReason && { lossReason }), receipt })
  }

  /** The end at one node is not the lease's while another node serves it or may still. */
  #servedElsewhere(lease: Lease, nodeId: NodeId): boolean {
    if (lease.servedBy !== undefined) return lease.servedBy !== nodeId
    return lease.wanted && liveNodes(lease).length > 0
  }

  #tryAgain(lease: Lease): boolean {
    if (!lease.wanted || !this.#isNewest(lease) || lease.attempt >= leasesPerPlatformMax) return false
    lease.wanted = false
    const wanted = this.#wanted(lease.platform)
    wanted.needsLease = true
    wanted.acceptedTime = ''
    if (wanted.shown.state !== 'requested') this.#show({ platform: lease.platform, state: 'requested' })
    return true
  }

  #waiting(): Lease[] {
    return [...this.#leases.values()].filter(lease => lease.wanted && lease.servedBy === undefined)
  }

  #isNewest = (lease: Lease): boolean => this.#wanted(lease.platform).lease === lease

  #isOver(platform: Platform): boolean {
    const { state } = this.#wanted(platform).shown
    return state === 'failed' || state === 'destroyed'
  }

  #show(state: PlatformState): void {
    this.#wanted(state.platform).shown = state
    this.changes += 1
  }

  #wanted(platform: Platform): WantedPlatform {
    const wanted = this.#platforms.get(platform)
    if (!wanted) throw new Error(`${platform} was never asked for`)
    return wanted
  }
}
