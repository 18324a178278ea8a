import { claimToken } from '@forkproof/claimant/claiming/claim-token'
import type { ForkRun } from '@forkproof/claimant/environment/run-environment'
import { challengeSentence } from '@forkproof/contracts/challenge'
import { Audience, Issuer, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { type createForkRun, exchangeClaim, postClaim } from '@forkproof/e2e/testing/claim-requests'
import { systemClock } from '@forkproof/infra/clock'
import type { SimulatedRun } from '@forkproof/local/github/simulated-github'
import type { BenchSystem } from './bench-system.ts'

type ForkRunToClaim = Awaited<ReturnType<typeof createForkRun>>

const claimantMsMax = 120_000
/** Less than an upload takes at GitHub: one to three seconds (docs/facts/github.md#artifacts). */
export const uploadMs = 500
const audience = Audience.parse('https://sts.example.dev')
const silentJournal = { say: () => undefined, warn: () => undefined }

interface ClaimTimes {
  /** `POST /claim`, as the claimant waits for it. */
  readonly claimMs: number
  /** From the moment GitHub lists the artifact to the token in hand. */
  readonly visibleToTokenMs: number
}

/** Claims with our claimant's own code; a wait and the simulator's control API replace the upload. */
export async function claimWithOurClaimant(
  bench: BenchSystem,
  of: ForkRunToClaim,
  waitMs = uploadMs,
): Promise<ClaimTimes> {
  let askedAt = 0
  let answeredAt = 0
  let visibleAt = 0
  const artifacts = {
    // The claimant calls this right after it sent the request.
    prepare: () => {
      askedAt = performance.now()
    },
    remove: async () => undefined,
    upload: async (name: string) => {
      answeredAt = performance.now()
      await systemClock.sleep(waitMs)
      await bench.github.send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name })
      visibleAt = performance.now()
    },
  }
  const run: ForkRun = {
    repository: RepositoryName.parse(of.repository),
    headRepository: RepositoryName.parse(of.fork),
    runId: RunId.parse(String(of.run.id)),
    attempt: RunAttempt.parse('1'),
  }
  const issuer = Issuer.parse(bench.system.addresses.issuer)
  const deps = { clock: systemClock, journal: silentJournal, random: Math.random, artifacts }
  await claimToken({ issuer, audience, run, channels: ['artifact'], place: 'action' }, deps, claimantMsMax)
  return { claimMs: answeredAt - askedAt, visibleToTokenMs: performance.now() - visibleAt }
}

/** Claims as an old client does: it asks at once, and its sentence is in the log after `delayMs`. */
export async function claimAsOldClient(bench: BenchSystem, of: ForkRunToClaim, delayMs: number): Promise<number> {
  const { issuer } = bench.system.addresses
  const answer = await postClaim(issuer, of)
  const asked = exchangeClaim(answer.exchangeURL)
  await new Promise(resolve => setTimeout(resolve, delayMs))
  await printLine(bench, of.run, challengeSentence(answer.challengeCode))
  const visibleAt = performance.now()
  const token = await asked
  if (token.status !== 200) throw new Error(`exchange: ${token.status} ${token.text}`)
  return performance.now() - visibleAt
}

const printLine = (bench: BenchSystem, run: SimulatedRun, line: string) =>
  bench.github.send('POST', `/_sim/jobs/${run.jobs[0]?.id}/log`, { step: 2, lines: [line] })
