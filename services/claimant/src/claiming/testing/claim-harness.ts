import type { Channel } from '@forkproof/contracts/channels'
import { Audience, type JobId, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import type { ArtifactStore, ClaimDeps } from '../claim-deps.ts'
import { ClaimFailure } from '../claim-failure.ts'
import { claimToken } from '../claim-token.ts'
import type { ClientPlace } from '../client-channels.ts'
import { FakeDeps, onlyClaimFailures } from './fake-deps.ts'
import { type FakeIssuerBehaviour, startFakeIssuer } from './fake-issuer.ts'

export const testAudience = Audience.parse('https://relying.example')
const run = {
  repository: RepositoryName.parse('acme/widgets'),
  headRepository: RepositoryName.parse('contributor/widgets'),
  runId: RunId.parse('4711'),
  attempt: RunAttempt.parse('2'),
}

interface ClaimHarnessOptions {
  readonly channels?: Channel[]
  readonly place?: ClientPlace
  readonly artifacts?: ArtifactStore
  readonly timeoutMs?: number
  readonly jobId?: JobId
  /** Filled as the claim goes on; a test that reads it from within the issuer brings its own. */
  readonly log?: ClaimLog
}

export class ClaimLog extends FakeDeps {
  /** What the issuer was asked, `exchange`, `claims/shown` and so on, in order. */
  readonly asked: string[] = []
  readonly bodies: string[] = []
  get sentences(): string[] {
    return this.said.filter(line => line.includes('OIDC auth challenge'))
  }
}

/** One claim against an issuer that behaves as told; everything observable is in the result. */
export async function tryClaim(behaviour: FakeIssuerBehaviour, options: ClaimHarnessOptions = {}) {
  const { log = new ClaimLog(), artifacts, jobId, channels = ['log'], place = 'one step', timeoutMs = 10_000 } = options
  const fake = await startFakeIssuer(behaviour, (path, body) => {
    log.asked.push(path.replace(/^\/([a-z]+)(\/[^/]+)?/, '$1'))
    log.bodies.push(body)
  })
  const { issuer } = fake
  const deps: ClaimDeps = artifacts === undefined ? log : { ...log, artifacts }
  const claim = { issuer, audience: testAudience, run, channels, place, ...(jobId === undefined ? {} : { jobId }) }
  try {
    const outcome = await claimToken(claim, deps, timeoutMs).catch(onlyClaimFailures)
    return { log, issuer, outcome, code: outcome instanceof ClaimFailure ? outcome.code : 'token' }
  } finally {
    await fake.close()
  }
}
