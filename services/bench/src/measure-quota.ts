import { generateKeyPairSync } from 'node:crypto'
import { ClaimRequest } from '@forkproof/contracts/claim'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { isAppError } from '@forkproof/contracts/errors'
import { Audience, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { buckets } from '@forkproof/contracts/subjects'
import { GithubOutlook } from '@forkproof/gateway/claims/github-outlook'
import { createStartClaim } from '@forkproof/gateway/claims/start-claim'
import { RequestLimits } from '@forkproof/gateway/throttling/request-limits'
import { silentLogger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { readAttestationKey } from '@forkproof/verifier/attestation/attestation-key'
import { inspectRun } from '@forkproof/verifier/inspection/inspect-run'
import { fakeNowMs, verifierIssuer } from '@forkproof/verifier/testing/fake-github-answers'
import { wireVerifier } from '@forkproof/verifier/wire-verifier'
import { type BenchResult, percentile } from './bench-result.ts'
import { QuotaGithub } from './quota-github.ts'

const stepMs = 100
/** The flood: requests that the host sends in each step, 50 a second. */
const floodAStep = 5
/** A claim of the repository that a project names, and a trusted build, each so often. */
const honestEveryMs = 30_000
const shownAfterMs = 2_000
const floodAddress = '198.51.100.7'

/** What came of the honest work and of the flood. */
interface QuotaOutcome {
  readonly claimMs: number[]
  readonly buildMs: number[]
  failed: number
  readonly flood: Map<string, number>
  readonly github: QuotaGithub
}

/**
 * One host claims unknown runs as fast as it can, half of them made up, half of them running for ever. The gateway's
 * admission, the verifier's gate, pool and governor are the real ones; time is simulated.
 */
export async function measureQuota(minutes: number): Promise<BenchResult[]> {
  const quiet = await simulateQuota(minutes, false)
  const flooded = await simulateQuota(minutes, true)
  const conditions = `${minutes} simulated minutes, one credential of 5,000 an hour and 900 a minute, GitHub 100 ms, 50 claims a second from one host`
  const of = (name: string, value: number, unit: string): BenchResult => ({ name, value, unit, conditions })
  const worst = (values: readonly number[]) => percentile(values, 1)
  const { spent, pointsMinuteMax, refused } = flooded.github
  return [
    of('quota: related claim, code shown to proven, worst, quiet', worst(quiet.claimMs), 'ms'),
    of('quota: related claim, code shown to proven, worst, flooded', worst(flooded.claimMs), 'ms'),
    of('quota: trusted build confirmed, worst, quiet', worst(quiet.buildMs), 'ms'),
    of('quota: trusted build confirmed, worst, flooded', worst(flooded.buildMs), 'ms'),
    of('quota: honest claims and builds that failed, flooded', flooded.failed, 'count'),
    of('quota: requests spent on trusted builds', spent.build, 'count'),
    of('quota: requests spent on related claims', spent['related claim'], 'count'),
    of('quota: requests spent on unknown claims', spent['unknown claim'], 'count'),
    of('quota: most points in a minute', pointsMinuteMax, 'count'),
    of('quota: requests that GitHub refused by a limit', refused, 'count'),
    ...[...flooded.flood].map(([code, count]) => of(`quota: flood answered ${code}`, count, 'count')),
  ]
}

export async function simulateQuota(minutes: number, flooded: boolean): Promise<QuotaOutcome> {
  const clock = new FakeClock(fakeNowMs)
  const github = new QuotaGithub(clock)
  const system = await openQuotaSystem(clock, github)
  const outcome: QuotaOutcome = { claimMs: [], buildMs: [], failed: 0, flood: new Map(), github }
  for (let passedMs = 0; passedMs < minutes * 60_000; passedMs += stepMs) {
    if (passedMs % honestEveryMs === 0) {
      void honestClaim(system, outcome, passedMs)
      void trustedBuild(system, outcome, passedMs)
    }
    for (let index = 0; flooded && index < floodAStep; index++) {
      const runId = String(3_000_000 + passedMs + index)
      void system.claim(`stranger-${runId}/project`, runId, floodAddress).then(
        () => count(outcome.flood, 'started'),
        error => count(outcome.flood, isAppError(error) ? error.code : 'failed'),
      )
    }
    await settle()
    clock.advance(stepMs)
    await settle()
  }
  system.stop()
  return outcome
}

type QuotaSystem = Awaited<ReturnType<typeof openQuotaSystem>>

/** The gateway's admission before the verifier's gate, without HTTP and Temporal between them. */
async function openQuotaSystem(clock: FakeClock, github: QuotaGithub) {
  const stop = new AbortController()
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const store = new Map([buckets.projects, buckets.github].map(name => [name, new FakeBucket()] as const))
  const bucket = (name: string) => store.get(name as typeof buckets.github) as FakeBucket
  bucket(buckets.projects).put('prj', JSON.stringify({ relationships: [{ rule: { repositoryId: '1001' } }] }))
  const verifier = wireVerifier(
    {
      issuer: verifierIssuer,
      githubApiUrl: 'https://api.github.example',
      githubWebUrl: 'https://github.example',
      githubTokens: new Secret(['a-token']),
      githubAppId: undefined,
      githubAppPrivateKey: undefined,
      githubPointsMinute: 900,
      githubServe: 'all',
      logSessionCookie: undefined,
      channels: ['artifact'],
      pullRequestFacts: true,
      runWatchSeconds: 15,
      attestationKey: await readAttestationKey(new Secret(pem)),
    },
    {
      fetch: github.fetch,
      bus: { subscribe: () => undefined, bucket: async name => bucket(name) },
      temporal: {} as Parameters<typeof wireVerifier>[1]['temporal'],
      clock,
      random: () => 0.5,
      log: silentLogger,
      stopping: stop.signal,
    },
  )
  void verifier.followProjects()
  const watched = new Map<string, ReturnType<typeof verifier.watchClaim>>()
  const requestLimits = new RequestLimits(defaults, clock)
  const startClaim = createStartClaim({
    issuer: verifierIssuer,
    publicUrl: verifierIssuer,
    defaultAudience: Audience.parse(verifierIssuer),
    lifetimeMs: 120_000,
    channels: ['artifact'],
    serves: () => true,
    githubOutlook: new GithubOutlook({ githubServe: 'all' }, { bucket: bucket(buckets.github), clock }),
    acceptsAudience: () => true,
    claims: {
      start: async (spec: ClaimSpec) => {
        const watching = verifier.watchClaim(spec, stop.signal)
        watching.catch(() => undefined)
        watched.set(spec.claimId, watching)
        void watching.finally(() => watched.delete(spec.claimId)).catch(() => undefined)
        return 'started'
      },
    } as Parameters<typeof createStartClaim>[0]['claims'],
    requestLimits,
    busIsUp: () => true,
    clock,
  } as Parameters<typeof createStartClaim>[0])
  const claim = async (repository: string, runId: string, address: string) => {
    requestLimits.countClaimant(address)
    const body = { eventName: 'pull_request', repo: repository, runID: runId, channels: ['artifact'] }
    const answer = await startClaim(ClaimRequest.parse(body))
    return { ...answer, report: watched.get(answer.claimId) }
  }
  return { clock, github, verifier, claim, stop: () => stop.abort(new Error('the hour is over')), signal: stop.signal }
}

/** The gateway's defaults. */
const defaults = {
  claimsPerAddress: 60,
  claimsPerRepository: 600,
  claimsPerRun: 300,
  asksPerAddress: 1_200,
  buildsPerProject: 600,
  buildsPerRun: 120,
}

async function honestClaim(system: QuotaSystem, outcome: QuotaOutcome, passedMs: number): Promise<void> {
  const runId = String(1_000_000 + passedMs / stepMs)
  try {
    const { challengeCode, claimId, report } = await system.claim(
      'base-org/project',
      runId,
      `192.0.2.${passedMs % 250}`,
    )
    await system.clock.sleep(shownAfterMs, system.signal)
    system.github.shown.set(runId, challengeCode)
    const shownAtMs = system.clock.now()
    system.verifier.observers.nudge(claimId, 'shown')
    const proven = (await report)?.result.kind === 'verified'
    if (proven) outcome.claimMs.push(system.clock.now() - shownAtMs)
    else outcome.failed += 1
  } catch {
    if (!system.signal.aborted) outcome.failed += 1
  }
}

/** A build asks whether its run is in progress before it gets a builder. */
async function trustedBuild(system: QuotaSystem, outcome: QuotaOutcome, passedMs: number): Promise<void> {
  const { clock, verifier, signal } = system
  const question = {
    repository: RepositoryName.parse('base-org/project'),
    runId: RunId.parse(String(2_000_000 + passedMs / stepMs)),
    attempt: RunAttempt.parse('1'),
    repositoryId: '1001',
    eventClass: 'fork_pull_request',
  } as const
  const startedMs = clock.now()
  try {
    const deps = { clock, pullRequestFacts: true, hints: verifier.hints } as Parameters<typeof inspectRun>[2]
    const inspection = await verifier.runs.use(question, sources => inspectRun(question, sources, deps, signal))
    if (inspection.outcome === 'running') outcome.buildMs.push(clock.now() - startedMs)
    else outcome.failed += 1
  } catch {
    if (!signal.aborted) outcome.failed += 1
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Lets all work run that needs no time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise(resolve => setImmediate(resolve))
}
