import { claimToken } from '@forkproof/claimant/claiming/claim-token'
import type { ForkRun } from '@forkproof/claimant/environment/run-environment'
import { challengeSentence } from '@forkproof/contracts/challenge'
import { Audience, Issuer, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { type createForkRun, exchangeClaim, postClaim } from '@forkproof/e2e/testing/claim-requests'
import { systemClock } from '@forkproof/infra/clock'
import type { SimulatedRun } from '@forkproof/local/github/simulated-github'
import type { BenchWorld } from './world.ts'

type Made = Awaited<ReturnType<typeof createForkRun>>

const claimantMsMax = 120_000
/** The least that the artifact service's three calls and the upload take on the real GitHub (facts github B1: 1-3 s). */
export const uploadMs = 500
const audience = Audience.parse('https://sts.example.dev')
const silentJournal = { say: () => undefined, warn: () => undefined }

export interface ClaimTimes {
  /** `POST /claim`, as the claimant waits for it. */
  readonly claimMs: number
  /** From the moment GitHub lists the artifact to the token in hand. */
  readonly visibleToTokenMs: number
}

/** Our claimant's own code, its upload replaced by a wait and the simulator's control API. */
export async function claimWithOurClaimant(world: BenchWorld, of: Made, waitMs = uploadMs): Promise<ClaimTimes> {
  let askedAt = 0
  let answeredAt = 0
  let visibleAt = 0
  const artifacts = {
    // Called right after the request was sent.
    prepare: () => {
      askedAt = performance.now()
    },
    remove: async () => undefined,
    upload: async (name: string) => {
      answeredAt = performance.now()
      await systemClock.sleep(waitMs)
      await world.github.send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name })
      visibleAt = performance.now()
    },
  }
  const run: ForkRun = {
    repository: RepositoryName.parse(of.repository),
    headRepository: RepositoryName.parse(of.fork),
    runId: RunId.parse(String(of.run.id)),
    attempt: RunAttempt.parse('1'),
  }
  const issuer = Issuer.parse(world.system.addresses.issuer)
  const ports = { clock: systemClock, journal: silentJournal, random: Math.random, artifacts }
  await claimToken({ issuer, audience, run, channels: ['artifact'] }, ports, claimantMsMax)
  return { claimMs: answeredAt - askedAt, visibleToTokenMs: performance.now() - visibleAt }
}

/** A plain client of the old kind: claims, asks at once and again, prints its sentence; the log shows it after `delayMs`. */
export async function claimAsOldClient(world: BenchWorld, of: Made, delayMs: number): Promise<number> {
  const { issuer } = world.system.addresses
  const answer = await postClaim(issuer, of)
  const asked = exchangeClaim(answer.exchangeURL)
  await new Promise(resolve => setTimeout(resolve, delayMs))
  await printLine(world, of.run, challengeSentence(answer.challengeCode))
  const visibleAt = performance.now()
  const token = await asked
  if (token.status !== 200) throw new Error(`exchange: ${token.status} ${token.text}`)
  return performance.now() - visibleAt
}

const printLine = (world: BenchWorld, run: SimulatedRun, line: string) =>
  world.github.send('POST', `/_sim/jobs/${run.jobs[0]?.id}/log`, { step: 2, lines: [line] })
