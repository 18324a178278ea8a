import { type Channel, channelTable } from '@forkproof/contracts/channels'
import { buckets } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { GithubActivities } from '@forkproof/workflows/claims/ports'
import type { InspectActivities } from '@forkproof/workflows/inspect/ports'
import { createGithubActivities } from './activities/github-activities.ts'
import { createInspectActivities } from './activities/inspect-activities.ts'
import { followNudges } from './activities/nudges.ts'
import { createProofSignal, type SignalingClient } from './activities/proof-signal.ts'
import type { AttestationKey } from './attestation/attestation-key.ts'
import { createAttestationSigner } from './attestation/attestation-signer.ts'
import type { VerifierConfig } from './config.ts'
import type { Fetch } from './github/bounded-fetch.ts'
import type { OnRefusal } from './github/credential-pool.ts'
import { createGithubReaders, type GithubReaders } from './github/github-readers.ts'
import { followRunHints } from './hints/follow-run-hints.ts'
import { HintedJobs } from './hints/hinted-jobs.ts'
import type { HeardHints } from './hints/hinted-pauses.ts'
import { HintedRepositories } from './hints/hinted-repositories.ts'
import { HintedRuns } from './hints/hinted-runs.ts'
import { SharedRuns } from './inspection/shared-runs.ts'
import { GithubTime } from './observer/github-time.ts'
import { ObserverRegistry } from './observer/observer-registry.ts'
import { RunObserver } from './observer/run-observer.ts'
import { RunSources } from './observer/run-sources.ts'
import { BudgetReports } from './related/budget-reports.ts'
import { createClaimGate, type WatchClaim } from './related/claim-gate.ts'
import { RelatedList } from './related/related-list.ts'

export type VerifierServiceOptions = Pick<
  VerifierConfig,
  | 'issuer'
  | 'githubApiUrl'
  | 'githubWebUrl'
  | 'githubTokens'
  | 'githubAppId'
  | 'githubAppPrivateKey'
  | 'githubPointsMinute'
  | 'githubServe'
  | 'logSessionCookie'
  | 'channels'
  | 'pullRequestFacts'
  | 'runWatchSeconds'
> & { readonly attestationKey: AttestationKey }

/** Everything that touches the world. */
export interface VerifierDeps {
  readonly fetch: Fetch
  readonly bus: Pick<Bus, 'subscribe' | 'bucket'>
  readonly temporal: SignalingClient
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  readonly onRefusal?: OnRefusal
  /** Aborts when the service stops. */
  readonly stopping: AbortSignal
}

interface Verifier {
  readonly activities: GithubActivities & InspectActivities
  readonly observers: ObserverRegistry
  readonly runs: SharedRuns
  readonly hints: HeardHints
  /** One claim from its first check to its end, unless the gate turns it away. */
  readonly watchClaim: WatchClaim
  readonly pool: GithubReaders['pool']
  readonly related: RelatedList
  readonly reports: BudgetReports
  /** Keeps the list of related repositories and the reports up to date until the service stops. */
  readonly followProjects: () => Promise<void>
}

/** The whole service but for its connections: `compose` and the tests give it theirs. */
export function wireVerifier(options: VerifierServiceOptions, deps: VerifierDeps): Verifier {
  const { clock, random, log, stopping } = deps
  const githubTime = new GithubTime({ clock, log })
  const fetch = githubTime.measuring(deps.fetch, options.githubApiUrl)
  const related: RelatedList = new RelatedList({
    projects: () => deps.bus.bucket(buckets.projects),
    nameOf: (id, signal) => github.repositoryName(id, signal),
    clock,
    log,
  })
  const github = createGithubReaders(options, { ...deps, fetch, isRelated: repository => related.has(repository) })
  const reports = new BudgetReports({
    pool: github.pool,
    related,
    bucket: () => deps.bus.bucket(buckets.github),
    clock,
    log,
  })
  const hints = {
    runs: new HintedRuns(clock),
    repositories: new HintedRepositories(clock),
    jobs: new HintedJobs(clock),
  }
  followRunHints(deps.bus, hint => {
    hints.jobs.hear(hint)
    hints.repositories.hear(hint)
    hints.runs.hear(hint)
  })
  const observers = createObservers(options, { ...deps, githubTime, hints }, github)
  followNudges(deps.bus, (claimId, kind) => observers.nudge(claimId, kind))
  const runs = new SharedRuns((target, signal) => new RunSources(github.runReader(target, 'build'), clock, signal))
  const watch: WatchClaim = (spec, signal) => observers.watch(spec, signal)
  const watchClaim = createClaimGate({ related, serve: options.githubServe, watch })
  const claims = createGithubActivities(
    {
      issuer: options.issuer,
      watch: watchClaim,
      sign: createAttestationSigner(options.attestationKey, clock),
      signalProof: createProofSignal(deps.temporal, clock),
      clock,
      log,
    },
    stopping,
  )
  const { pullRequestFacts, runWatchSeconds } = options
  const inspections = createInspectActivities(
    { runs, hints, clock, log, random, everyMs: runWatchSeconds * 1_000, pullRequestFacts },
    stopping,
  )
  const followProjects = async () => {
    await Promise.all([related.run(stopping, () => reports.writeRepositories()), reports.run(stopping)])
  }
  const activities = { ...claims, ...inspections }
  return { activities, observers, runs, hints, watchClaim, pool: github.pool, related, reports, followProjects }
}

function createObservers(
  { pullRequestFacts, channels }: VerifierServiceOptions,
  {
    clock,
    random,
    log,
    githubTime,
    hints,
  }: VerifierDeps & { readonly githubTime: GithubTime; readonly hints: HeardHints },
  { runReader, logPages }: GithubReaders,
): ObserverRegistry {
  const available: Readonly<Record<(typeof channelTable)[Channel]['needs'], boolean>> = {
    nothing: true,
    'session cookie': logPages !== undefined,
  }
  const usable = channels.filter(channel => available[channelTable[channel].needs])
  return new ObserverRegistry({
    clock,
    githubTime,
    usable: new Set(usable),
    observe: target => {
      const readers = { reader: runReader(target, 'claim'), pages: logPages?.(target) }
      return new RunObserver({ ...readers, target, hints, clock, log, random, pullRequestFacts })
    },
  })
}
