import type { BuildState, PlatformState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { PlatformRequest } from '@forkproof/contracts/builder'
import { AppError } from '@forkproof/contracts/errors'
import type { BuildId, ProjectId, RelationshipId } from '@forkproof/contracts/ids'
import { seal } from '@forkproof/infra/seal'
import { Secret } from '@forkproof/infra/secret'
import type { Builds, Heartbeats, ReportedResult } from '../builds/ports.ts'

interface RecordedBuild {
  readonly order: BuildSpec
  state: BuildState
  changed: PromiseWithResolvers<void>
}

export const exampleKey = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n'
const certificate = '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n'

/**
 * Builds in memory, with knobs: what was started, how a run is found, whether the truth can be reached, and what
 * becomes of a build.
 */
export class FakeBuilds implements Builds {
  readonly started: BuildSpec[] = []
  readonly finished: [BuildId, ReportedResult][] = []
  readonly denied: BuildId[] = []
  /** As builds of an older release, which say nothing of their runs. */
  runsUnknown = false
  /** Calls that a real one would put into the workflow's history. */
  waits = 0
  queries = 0
  connects = 0
  down = false
  /** Visibility lags behind: what was started is not listed. */
  invisible = false
  /** Why runs are refused. */
  refusal: string | undefined
  /** How long starts wait for their confirmation. */
  confirmation: Promise<void> = Promise.resolve()
  readonly #builds = new Map<BuildId, RecordedBuild>()

  async start(order: BuildSpec, signal: AbortSignal): Promise<BuildState> {
    this.#assertUp()
    const { buildId, expiresAtMs } = order
    const platforms = order.wishes.map(({ platform }) => ({ platform, state: 'requested' }) as const)
    const state: BuildState = { buildId, version: 1, phase: 'confirming', expiresAtMs, platforms }
    this.#builds.set(buildId, { order, state, changed: Promise.withResolvers() })
    this.started.push(order)
    await Promise.race([this.confirmation, aborted(signal)])
    if (signal.aborted) throw new AppError('temporarily_unavailable')
    if (this.refusal === undefined) this.change(buildId, { phase: 'active' })
    else this.change(buildId, { phase: 'ended', outcome: 'refused', reason: this.refusal })
    return this.#held(buildId).state
  }

  async state(buildId: BuildId): Promise<BuildState> {
    this.queries++
    this.#assertUp()
    return this.#held(buildId).state
  }

  async awaitChange(buildId: BuildId, knownVersion: number): Promise<BuildState> {
    this.waits++
    this.#assertUp()
    const held = this.#held(buildId)
    if (held.state.version <= knownVersion && held.state.phase !== 'ended') await held.changed.promise
    return held.state
  }

  async connect(buildId: BuildId, wish: PlatformRequest): Promise<BuildState> {
    this.connects++
    this.#assertUp()
    const { order, state } = this.#held(buildId)
    if (!order.allowedPlatforms.includes(wish.platform)) throw new AppError('platform_not_granted')
    const isNew = !state.platforms.some(({ platform }) => platform === wish.platform)
    if (isNew && state.phase === 'active') this.show(buildId, { platform: wish.platform, state: 'requested' })
    return this.#held(buildId).state
  }

  async finish(buildId: BuildId, result: ReportedResult): Promise<void> {
    this.#assertUp()
    const { state } = this.#held(buildId)
    this.finished.push([buildId, result])
    if (state.phase === 'active') this.change(buildId, { phase: 'ending', outcome: result })
  }

  async deny(buildId: BuildId): Promise<void> {
    this.#assertUp()
    this.denied.push(buildId)
    const held = this.#builds.get(buildId)
    if (held && held.state.phase !== 'ended')
      this.change(buildId, { phase: 'ended', outcome: 'refused', reason: 'run_denied' })
  }

  async ofProject(projectId: ProjectId) {
    this.#assertUp()
    if (this.invisible) return []
    const live = [...this.#builds.values()].filter(
      ({ order, state }) => order.projectId === projectId && state.phase !== 'ended',
    )
    return live.map(({ order: { buildId, run } }) => (this.runsUnknown ? { buildId } : { buildId, run }))
  }

  async projectOf(buildId: BuildId) {
    this.#assertUp()
    return this.#held(buildId).order.projectId
  }

  async running(relationshipId: RelationshipId): Promise<readonly BuildId[]> {
    this.#assertUp()
    if (this.invisible) return []
    const all = [...this.#builds.values()].filter(({ order }) => order.relationshipId === relationshipId)
    return all.filter(({ state }) => state.phase !== 'ended').map(({ state }) => state.buildId)
  }

  change(buildId: BuildId, change: Partial<BuildState>): void {
    const held = this.#held(buildId)
    held.state = { ...held.state, version: held.state.version + 1, ...change }
    held.changed.resolve()
    held.changed = Promise.withResolvers()
  }

  show(buildId: BuildId, shown: PlatformState): void {
    const others = this.#held(buildId).state.platforms.filter(({ platform }) => platform !== shown.platform)
    this.change(buildId, { platforms: [...others, shown] })
  }

  /** As a node would answer; with its client's key sealed to the build unless there was a certificate request. */
  async makeReady(buildId: BuildId, platform: PlatformState['platform'] = 'linux/amd64', ownKey = false) {
    const { order } = this.#held(buildId)
    const sealedClientKey = await seal(new Secret(exampleKey), order.sealKey, 'application/x-pem-file')
    this.show(buildId, {
      platform,
      state: 'ready',
      builderId: 'babcdefghijk',
      nodeId: 'node-1',
      emulated: false,
      connection: {
        endpoint: 'tcp://builders.example.dev:8443',
        serverName: 'babcdefghijk.builders.example.dev',
        caCertificate: certificate,
        clientCertificate: certificate,
        ...(!ownKey && { sealedClientKey }),
      },
      timings: { warm: true, leaseMs: 3, startMs: 200, canaryMs: 100 },
    } as PlatformState)
  }

  #held(buildId: BuildId): RecordedBuild {
    const held = this.#builds.get(buildId)
    if (!held) throw new AppError('build_not_found')
    return held
  }

  #assertUp(): void {
    if (this.down) throw new AppError('temporarily_unavailable', { cause: new Error('down'), retryAfterSeconds: 2 })
  }
}

export class FakeHeartbeats implements Heartbeats {
  readonly published: BuildId[] = []

  alive = (buildId: BuildId): void => {
    this.published.push(buildId)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
