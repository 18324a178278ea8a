import type { Channel } from '@forkproof/contracts/claim'
import { limits } from '@forkproof/contracts/limits'
import { connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import { connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { githubTaskQueue } from '@forkproof/workflows/claim/ports'
import { createGithubActivities } from './activities/github-activities.ts'
import { followNudges } from './activities/nudges.ts'
import { createProofSignal } from './activities/proof-signal.ts'
import { readAttestationKey } from './attestation/attestation-key.ts'
import { createAttestationSigner } from './attestation/attestation-signer.ts'
import type { VerifierConfig } from './config.ts'
import { boundedFetch } from './github/bounded-fetch.ts'
import { GithubCredential } from './github/credential.ts'
import { CredentialPool } from './github/credential-pool.ts'
import { createLogPages } from './github/log-pages.ts'
import { createRunReader } from './github/run-reader.ts'
import { ObserverRegistry } from './observer/observer-registry.ts'
import { RunObserver } from './observer/run-observer.ts'

const clock = systemClock
const concurrentClaimsMax = 500

export async function compose(config: VerifierConfig, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'verifier', level: config.logLevel })
  installTemporalRuntime(log)
  const attestationKey = await readAttestationKey(config.attestationKey)
  const registry = createRegistry(config, log)
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
  const worker = {
    taskQueue: githubTaskQueue,
    activities: { watchForProof: activities.watchForProof },
    maxConcurrentActivityTaskExecutions: concurrentClaimsMax,
  }
  await startWorker({ ...temporal, worker }, { lifecycle, log })
  return { log }
}

function createRegistry(config: VerifierConfig, log: Logger): ObserverRegistry {
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
  const cookie = config.logSessionCookie
  const usable: readonly Channel[] = ['artifact', 'step-name', 'job-log', ...(cookie ? (['log'] as const) : [])]
  return new ObserverRegistry({
    clock,
    usable: new Set(usable),
    observe: target =>
      new RunObserver({
        reader: createRunReader({ pool, fetch, apiUrl: config.githubApiUrl }, target),
        pages: cookie && createLogPages({ fetch, webUrl: config.githubWebUrl, cookie }, target),
        clock,
        log,
        random: Math.random,
        pullRequestFacts: config.pullRequestFacts,
      }),
  })
}
