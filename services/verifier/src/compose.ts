import type { Channel } from '@forkproof/contracts/claim'
import { limits } from '@forkproof/contracts/limits'
import { connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import { connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { githubTaskQueue } from '@forkproof/workflows/claims/ports'
import { createGithubActivities } from './activities/github-activities.ts'
import { createInspectActivities } from './activities/inspect-activities.ts'
import { followNudges } from './activities/nudges.ts'
import { createProofSignal } from './activities/proof-signal.ts'
import { readAttestationKey } from './attestation/attestation-key.ts'
import { createAttestationSigner } from './attestation/attestation-signer.ts'
import type { VerifierConfig } from './config.ts'
import { boundedFetch, type Fetch } from './github/bounded-fetch.ts'
import { GithubCredential } from './github/credential.ts'
import { CredentialPool } from './github/credential-pool.ts'
import { createLogPages } from './github/log-pages.ts'
import { createRunReader, type RunReader } from './github/run-reader.ts'
import { type RunTarget, SharedRuns } from './inspection/shared-runs.ts'
import { ObserverRegistry } from './observer/observer-registry.ts'
import { RunObserver } from './observer/run-observer.ts'
import { RunSources } from './observer/run-sources.ts'

const clock = systemClock
/** Claims that are watched and runs of builds, which are watched for as long as their builds live. */
const concurrentActivitiesMax = 1_000

export async function compose(config: VerifierConfig, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'verifier', level: config.logLevel })
  installTemporalRuntime(log)
  const attestationKey = await readAttestationKey(config.attestationKey)
  const github = createGithub(config, log)
  const registry = createRegistry(config, github, log)
  lifecycle.add('observers', () => registry.close())
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  followNudges(bus, (claimId, kind) => registry.nudge(claimId, kind))
  const temporal = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const client = connectTemporal(temporal, lifecycle)
  const activities = createGithubActivities(
    {
      issuer: config.issuer,
      watch: (order, signal) => registry.watch(order, signal),
      sign: createAttestationSigner(attestationKey, clock),
      signalProof: createProofSignal(client, clock),
      clock,
      log,
    },
    lifecycle.signal,
  )
  const { inspectRun, watchRun } = createInspectActivities(
    {
      runs: new SharedRuns((target, signal) => new RunSources(github.readerOf(target), clock, signal)),
      clock,
      log,
      random: Math.random,
      everyMs: config.runWatchSeconds * 1_000,
      pullRequestFacts: config.pullRequestFacts,
    },
    lifecycle.signal,
  )
  const worker = {
    taskQueue: githubTaskQueue,
    activities: { watchForProof: activities.watchForProof, inspectRun, watchRun },
    maxConcurrentActivityTaskExecutions: concurrentActivitiesMax,
  }
  await startWorker({ ...temporal, worker }, { lifecycle, log })
  return { log }
}

interface Github {
  readonly fetch: Fetch
  readonly readerOf: (target: RunTarget) => RunReader
}

/** Every reader draws on the same credentials and their budgets. */
function createGithub(config: VerifierConfig, log: Logger): Github {
  const fetch = boundedFetch({ timeoutMs: limits.githubRequestTimeoutMs, bytesMax: limits.githubBodyBytesMax })
  const credentials = config.githubTokens.reveal().map(
    (token, index) =>
      new GithubCredential({
        name: `github-${index + 1}`,
        secret: new Secret(token),
        baseUrl: config.githubApiUrl,
        fetch,
        clock,
        log,
      }),
  )
  const pool = new CredentialPool(credentials, clock)
  return { fetch, readerOf: target => createRunReader({ pool, fetch, apiUrl: config.githubApiUrl }, target) }
}

function createRegistry(config: VerifierConfig, { fetch, readerOf }: Github, log: Logger): ObserverRegistry {
  const cookie = config.logSessionCookie
  const usable: readonly Channel[] = ['artifact', 'step-name', 'job-log', ...(cookie ? (['log'] as const) : [])]
  return new ObserverRegistry({
    clock,
    usable: new Set(usable),
    observe: target =>
      new RunObserver({
        reader: readerOf(target),
        pages: cookie && createLogPages({ fetch, webUrl: config.githubWebUrl, cookie }, target),
        clock,
        log,
        random: Math.random,
        pullRequestFacts: config.pullRequestFacts,
      }),
  })
}
