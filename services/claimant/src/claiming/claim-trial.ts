import { setTimeout as delay } from 'node:timers/promises'
import type { Channel } from '@forkproof/contracts/claim'
import { Audience, type JobId, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { ClaimFailure } from './claim-failure.ts'
import { type ClaimedToken, claimToken } from './claim-token.ts'
import { type Behaviour, startFakeIssuer } from './fake-issuer.ts'
import type { ArtifactStore, ClaimPorts } from './ports.ts'

export const trialAudience = Audience.parse('https://relying.example')
const run = {
  repository: RepositoryName.parse('acme/widgets'),
  headRepository: RepositoryName.parse('contributor/widgets'),
  runId: RunId.parse('4711'),
  attempt: RunAttempt.parse('2'),
}

export interface TrialOptions {
  readonly channels?: Channel[]
  readonly artifacts?: ArtifactStore
  readonly timeoutMs?: number
  readonly jobId?: JobId
  /** Filled as the claim goes on; give one to look at it from within the issuer. */
  readonly log?: TrialLog
}

export class TrialLog {
  readonly said: string[] = []
  readonly warned: string[] = []
  readonly sleptMs: number[] = []
  /** What the issuer was asked, `exchange`, `claims/shown` and so on, in order. */
  readonly asked: string[] = []
  readonly bodies: string[] = []
  get sentences(): string[] {
    return this.said.filter(line => line.includes('OIDC auth challenge'))
  }
}

/** One claim against an issuer that behaves as told; everything observable is in the result. For tests only. */
export async function tryClaim(behaviour: Behaviour, options: TrialOptions = {}) {
  const log = options.log ?? new TrialLog()
  const fake = await startFakeIssuer(behaviour, (path, body) => {
    log.asked.push(path.replace(/^\/([a-z]+)(\/[^/]+)?/, '$1'))
    log.bodies.push(body)
  })
  const ports: ClaimPorts = {
    clock: {
      now: () => 0,
      // Time runs a thousandfold: a second's pause takes a millisecond.
      sleep: (ms, signal) => {
        log.sleptMs.push(ms)
        return delay(ms / 1_000, undefined, { signal })
      },
    },
    journal: { say: line => void log.said.push(line), warn: line => void log.warned.push(line) },
    random: () => 0.5,
    ...(options.artifacts === undefined ? {} : { artifacts: options.artifacts }),
  }
  const wish = {
    issuer: fake.issuer,
    audience: trialAudience,
    run,
    channels: options.channels ?? ['log'],
    ...(options.jobId === undefined ? {} : { jobId: options.jobId }),
  }
  try {
    const outcome = await claimToken(wish, ports, options.timeoutMs ?? 10_000).catch(onlyClaimFailures)
    return { log, issuer: fake.issuer, outcome, code: outcome instanceof ClaimFailure ? outcome.code : 'token' }
  } finally {
    await fake.close()
  }
}

function onlyClaimFailures(error: unknown): ClaimFailure | ClaimedToken {
  if (error instanceof ClaimFailure) return error
  throw error
}
