import { claimToken } from '@forkproof/claimant/claiming/claim-token'
import type { ForkRun } from '@forkproof/claimant/environment/run-environment'
import { challengeSentence } from '@forkproof/contracts/challenge'
import { Audience, Issuer, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { systemClock } from '@forkproof/infra/clock'
import type { SimulatedRun } from '../github/simulated-github.ts'
import { claim, exchange, type forkRun } from '../suites/testing/claims.ts'
import type { BenchWorld } from './world.ts'

type Made = Awaited<ReturnType<typeof forkRun>>

const claimantMsMax = 120_000
const audience = Audience.parse('https://sts.example.dev')
const silentJournal = { say: () => undefined, warn: () => undefined }

/** Our claimant's own code, its upload replaced by the simulator's control API. Resolves with ms from visible to token in hand. */
export async function claimWithOurClaimant(world: BenchWorld, of: Made): Promise<number> {
  let visibleAt = 0
  const artifacts = {
    prepare: () => undefined,
    remove: async () => undefined,
    upload: async (name: string) => {
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
  const issuer = Issuer.parse(world.constellation.addresses.issuer)
  const ports = { clock: systemClock, journal: silentJournal, random: Math.random, artifacts }
  await claimToken({ issuer, audience, run, channels: ['artifact'] }, ports, claimantMsMax)
  return performance.now() - visibleAt
}

/** A plain client of the old kind: claims, asks at once and again, prints its sentence; the log shows it after `delayMs`. */
export async function claimAsOldClient(world: BenchWorld, of: Made, delayMs: number): Promise<number> {
  const { issuer } = world.constellation.addresses
  const answer = await claim(issuer, of)
  const asked = exchange(answer.exchangeURL)
  await new Promise(resolve => setTimeout(resolve, delayMs))
  await printLine(world, of.run, challengeSentence(answer.challengeCode))
  const visibleAt = performance.now()
  const token = await asked
  if (token.status !== 200) throw new Error(`exchange: ${token.status} ${token.text}`)
  return performance.now() - visibleAt
}

const printLine = (world: BenchWorld, run: SimulatedRun, line: string) =>
  world.github.send('POST', `/_sim/jobs/${run.jobs[0]?.id}/log`, { step: 2, lines: [line] })
