import type { BuildState } from '@forkproof/contracts/build'
import type { DemoRecord } from './narrator.ts'

/** The last line of `npm start -- --once --json`. */
export interface DemoReport {
  /** `proven`: the token verified and the image was built on a builder that left nothing. */
  readonly verdict: 'proven' | 'failed'
  readonly channel: string | null
  readonly token: Record<string, unknown> | null
  readonly timings: {
    readonly claimMs: number | null
    readonly shownToTokenMs: number | null
    readonly totalMs: number
  }
  readonly githubRequests: { readonly counted: number; readonly notModified: number }
  /** Absent where no image was built. */
  readonly build: BuildReport | null
}

interface BuildReport {
  readonly id: string
  readonly digest: string
  readonly platforms: readonly string[]
  readonly builderReadyMs: number
  readonly buildMs: number
  readonly teardownMs: number
  readonly leftovers: number
}

/** What the run's log and the ended workflow say of the build, together. */
export async function buildOf(
  record: DemoRecord,
  ended: () => Promise<BuildState | undefined>,
): Promise<BuildReport | null> {
  const { digest, buildStepStartedAt, builderReadyAt, builtAt } = record
  const state = digest === undefined ? undefined : await ended()
  if (!state || digest === undefined) return null
  const receipts = state.platforms.flatMap(one => (one.state === 'destroyed' ? [one.receipt] : []))
  if (receipts.length !== state.platforms.length) return null
  return {
    id: state.buildId,
    digest,
    platforms: state.platforms.map(({ platform }) => platform),
    builderReadyMs: (builderReadyAt ?? 0) - (buildStepStartedAt ?? 0),
    buildMs: (builtAt ?? 0) - (builderReadyAt ?? 0),
    teardownMs: Math.round(Math.max(...receipts.map(({ teardownMs }) => teardownMs))),
    leftovers: receipts.reduce((sum, { leftovers }) => sum + leftovers.length, 0),
  }
}

export function reportOf(of: {
  record: DemoRecord
  startedAt: number
  githubRequests: DemoReport['githubRequests']
  build: BuildReport | null
}): DemoReport {
  const { record, build } = of
  const between = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? null : to - from
  const succeeded = record.conclusion === 'success' && record.claims !== undefined && build?.leftovers === 0
  return {
    verdict: succeeded ? 'proven' : 'failed',
    channel: record.claims ? String(record.claims['proof_method']) : null,
    token: record.claims ?? null,
    timings: {
      claimMs: between(record.claimStepStartedAt, record.claimedAt),
      shownToTokenMs: between(record.shownAt, record.tokenAt),
      totalMs: Date.now() - of.startedAt,
    },
    githubRequests: of.githubRequests,
    build,
  }
}
