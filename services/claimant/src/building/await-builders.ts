import { builderLossTexts, type Platform } from '@forkproof/contracts/builder'
import { isErrorCode } from '@forkproof/contracts/errors'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure, harmlessText, refusalFailure } from '../claiming/claim-failure.ts'
import { retryUntilDone } from '../claiming/retry-until-done.ts'
import type { ClientBuildAnswer, ClientPlatformAnswer, ClientReadyBuilder } from './build-answer.ts'
import { type BuildHandle, readBuildState } from './build-client.ts'
import { buildingLimits } from './limits.ts'

/**
 * Resolves when every platform has its builder.
 * On the way it reports each change, and every few seconds what is missing.
 * @param first the state in the answer that began the build; absent if it had none
 * @throws ClaimFailure as soon as one platform cannot have a builder, because half a build is of no use
 */
export async function awaitBuilders(
  build: BuildHandle,
  platforms: readonly Platform[],
  first: ClientBuildAnswer | undefined,
  deps: ClaimDeps,
  deadline: AbortSignal,
): Promise<ClientReadyBuilder[]> {
  const progress = new BuilderProgress(deps)
  const enough = new AbortController()
  const ticking = progress.repeat(AbortSignal.any([deadline, enough.signal]))
  try {
    for (let state = first; ; ) {
      if (state) {
        progress.update(state)
        const ready = readyBuilders(state, platforms)
        if (ready) return ready
      }
      const version: number = state?.version ?? 0
      const askedAtMs = deps.clock.now()
      state = await retryUntilDone('Waiting for a builder', deps, deadline, () =>
        readBuildState(build, version, deadline),
      )
      const unchanged = state.version <= version && deps.clock.now() - askedAtMs < buildingLimits.stateIntervalMsMin
      if (unchanged) await deps.clock.sleep(buildingLimits.stateIntervalMsMin, deadline).catch(() => undefined)
    }
  } finally {
    enough.abort()
    await ticking
  }
}

/** @throws ClaimFailure when there will be none */
function readyBuilders(state: ClientBuildAnswer, platforms: readonly Platform[]): ClientReadyBuilder[] | undefined {
  const failed = state.platforms.find(one => one.state === 'failed')
  if (failed) throw noBuilder(failed)
  if (state.phase === 'ending' || state.phase === 'ended') throw buildEndFailure(state)
  const ready = platforms.map(platform => state.platforms.find(one => one.platform === platform))
  return ready.every(one => one?.state === 'ready') ? ready : undefined
}

/** The failure that says why a build is over. */
export function buildEndFailure(state: ClientBuildAnswer): ClaimFailure {
  const reason = state.reason ?? state.outcome
  if (reason !== undefined && isErrorCode(reason)) return refusalFailure(reason, 200, lossText(state))
  return new ClaimFailure('refused', 'build_over', {
    title: `The build was ended by the service (${reason?.replace(/[^a-z_]/g, '') ?? 'no reason given'})`,
    advice:
      'Run the job again. A build ends with its run, after its time, and when its client is not heard of for two minutes.',
  })
}

function noBuilder(failed: Extract<ClientPlatformAnswer, { state: 'failed' }>): ClaimFailure {
  const { platform, reason } = failed
  const detail = [platform, lossText(failed), failed.detail].filter(text => text !== undefined).join(': ')
  if (isErrorCode(reason)) return refusalFailure(reason, 200, detail)
  return new ClaimFailure('refused', 'no_builder', {
    title: 'There is no builder for this build',
    detail: harmlessText(detail),
  })
}

/** The sentence for a lost builder, where the gateway says why it was lost. */
const lossText = ({ lossReason }: Pick<ClientBuildAnswer, 'lossReason'>): string | undefined =>
  lossReason && builderLossTexts[lossReason]

class BuilderProgress {
  readonly #deps: ClaimDeps
  readonly #said = new Map<Platform, string>()

  constructor(deps: ClaimDeps) {
    this.#deps = deps
  }

  update(state: ClientBuildAnswer): void {
    for (const one of state.platforms) {
      const line = describePlatform(one)
      if (this.#said.get(one.platform) === line) continue
      this.#said.set(one.platform, line)
      this.#deps.journal.say(line)
    }
  }

  /** Never rejects. */
  async repeat(stop: AbortSignal): Promise<void> {
    const startedAtMs = this.#deps.clock.now()
    for (;;) {
      await this.#deps.clock.sleep(buildingLimits.progressIntervalMs, stop).catch(() => undefined)
      if (stop.aborted) return
      const seconds = Math.round((this.#deps.clock.now() - startedAtMs) / 1_000)
      const lines = [...this.#said.values()].filter(line => !line.includes(' is ready'))
      this.#deps.journal.say(`After ${seconds} s: ${lines.join('; ') || 'no news of the builder yet'}`)
    }
  }
}

function describePlatform(one: ClientPlatformAnswer): string {
  switch (one.state) {
    case 'requested':
      return `The builder for ${one.platform} is being started`
    case 'queued': {
      // A node has accepted it, and nothing is in front of it.
      if (one.position === 0) return `The builder for ${one.platform} is being started`
      const place = one.position === undefined ? '' : `, position ${one.position}`
      const estimate = one.estimateSeconds === undefined ? '' : `, about ${Math.ceil(one.estimateSeconds)} s`
      return `All builders for ${one.platform} are taken: waiting in line${place}${estimate}`
    }
    case 'ready': {
      const took = one.timings === undefined ? '' : ` after ${Math.round(one.timings.leaseMs)} ms`
      const how = one.timings?.warm === true ? ', kept warm' : ''
      return `The builder for ${one.platform} is ready${took}${how}${one.emulated ? '; it is emulated, so slow' : ''}`
    }
    case 'failed':
      return `There is no builder for ${one.platform}`
    case 'destroyed':
      return `The builder for ${one.platform} is gone`
  }
}
