import { generateKeyPairSync } from 'node:crypto'
import { Channel } from '@forkproof/contracts/channels'
import type { ClaimId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import { type NudgeKind, subjects } from '@forkproof/contracts/subjects'
import { type LogFields, type Logger, silentLogger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { readAttestationKey } from '../attestation/attestation-key.ts'
import { type VerifierDeps, type VerifierServiceOptions, wireVerifier } from '../wire-verifier.ts'
import { FakeGithub } from './fake-github.ts'
import { fakeNowMs, verifierIssuer } from './fake-github-answers.ts'

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const attestationKey = await readAttestationKey(new Secret(pem))

/** The verifier over one run at a fake GitHub, without Temporal, with time in the test's hands. */
export function createVerifierHarness(changes: Partial<VerifierServiceOptions> = {}) {
  const clock = new FakeClock(fakeNowMs)
  const github = new FakeGithub(clock)
  const stop = new AbortController()
  const lines: LogFields[] = []
  const log: Logger = { ...silentLogger, info: fields => lines.push(fields), error: fields => lines.push(fields) }
  const subscribed = new Map<string, Parameters<VerifierDeps['bus']['subscribe']>[1]>()
  const fakeBuckets = new Map<string, FakeBucket>()
  const bucket = (name: string): FakeBucket => {
    const known = fakeBuckets.get(name) ?? new FakeBucket()
    fakeBuckets.set(name, known)
    return known
  }
  const verifier = wireVerifier(
    {
      issuer: verifierIssuer,
      githubApiUrl: github.apiUrl,
      githubWebUrl: github.webUrl,
      githubTokens: new Secret(['a-token']),
      githubAppId: undefined,
      githubAppPrivateKey: undefined,
      githubPointsMinute: 900,
      githubServe: 'all',
      logSessionCookie: new Secret('a-session'),
      channels: Channel.options,
      pullRequestFacts: true,
      runWatchSeconds: 15,
      attestationKey,
      ...changes,
    },
    {
      fetch: github.fetch,
      bus: {
        subscribe: (subject, handle) => void subscribed.set(subject, handle),
        bucket: async name => bucket(name),
      },
      temporal: unusedTemporal,
      clock,
      random: () => 0.5,
      log,
      stopping: stop.signal,
    },
  )
  /** As the gateway tells over the bus. */
  const nudge = (claimId: ClaimId, kind: NudgeKind) =>
    subscribed.get(subjects.nudges)?.(subjects.nudge(claimId, kind), '')
  const hint = (told: RunHint) => subscribed.get(subjects.runHints)?.(subjects.runHint(told), JSON.stringify(told))
  return { ...verifier, clock, github, nudge, hint, bucket, lines, stop }
}

/** Tests read the registry's reports; telling the workflow has a test of its own. */
const unusedTemporal = {
  workflow: {
    getHandle: () => {
      throw new Error('no workflow in this test')
    },
  },
} as unknown as VerifierDeps['temporal']
