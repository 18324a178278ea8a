import { challengeStepName } from '@forkproof/contracts/challenge'
import type { ClaimAnswer } from '@forkproof/contracts/claim'
import { systemClock } from '@forkproof/infra/clock'
import { pollLimits } from '@forkproof/verifier/observer/limits'
import { beforeAll, describe, expect, it } from 'vitest'
import { setRepositoryBehaviour } from '../testing/claim-harness.ts'
import { createForkRun, exchangeClaim, postClaim, postJson, type TestForkRun } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/*
 * Claim ids are public, and anybody can say for a claim that its code is out. Nobody may so spend what GitHub is asked
 * for that claim before its code really is out.
 */

const lagMs = 2_000
/** How long the attack lasts before the code is out: longer than the quick polls after one `shown`. */
const spamMs = 8_000
/** While this machine runs other suites; without load it is 1.5 s. */
const slackMsMax = 8_000
/** Of a single claim, as docs/measurements.md has it. */
const countedQuietMax = 6

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_TRUSTED_PROXIES: '127.0.0.1/32' } } })
})

/** Does a thing again and again until it is told to stop. */
function repeatedly(everyMs: number, act: (turn: number) => Promise<unknown>): () => Promise<void> {
  const stop = new AbortController()
  const running = (async () => {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      await act(turn)
      await systemClock.sleep(everyMs)
    }
  })()
  return async () => {
    stop.abort()
    await running
  }
}

/** From more addresses than the limit of one of them would hold back. */
const spam = (claims: readonly ClaimAnswer[]) =>
  repeatedly(20, turn => {
    const claimId = claims[turn % claims.length]?.claimId
    const from = { 'x-forwarded-for': `203.0.113.${turn % 200}` }
    return postJson(`${harness.issuer}/claims/${claimId}/shown`, undefined, from)
  })

type Act = (of: TestForkRun, turn: number) => Promise<unknown>
const job = ({ run }: TestForkRun) => run.jobs[0]?.id
const addArtifact =
  (name: string): Act =>
  ({ run }) =>
    harness.github.send('POST', `/_sim/runs/${run.id}/artifacts`, { name })
const addStep =
  (name: string): Act =>
  of =>
    harness.github.send('POST', `/_sim/jobs/${job(of)}/steps`, { name, status: 'in_progress' })

interface SpammedRun {
  readonly channel: 'artifact' | 'step-name'
  readonly show: (answer: ClaimAnswer) => Act
  /** What goes on in the run meanwhile. */
  readonly busy?: Act
  /** Claims of the attacker's own for the same run. */
  readonly others?: number
}
const artifact = { channel: 'artifact', show: ({ challengeCode }: ClaimAnswer) => addArtifact(challengeCode) } as const
const stepName = {
  channel: 'step-name',
  show: ({ challengeCode }: ClaimAnswer) => addStep(challengeStepName(challengeCode)),
} as const

const runs: readonly (readonly [string, SpammedRun])[] = [
  ['a quiet run', artifact],
  ['a quiet run, by a step’s name', stepName],
  [
    'a run whose list of artifacts changes all the time',
    { ...artifact, busy: (of, turn) => addArtifact(`report-${turn}`)(of, turn) },
  ],
  ['a run whose steps change all the time', { ...stepName, busy: (of, turn) => addStep(`Test ${turn}`)(of, turn) }],
  ['a quiet run that the attacker claims for too', { ...artifact, others: 2 }],
]

/** What one run may cost in that time by both of its lists, whoever claims for it and whatever they say. */
const countedMax = (elapsedMs: number): number =>
  2 * (pollLimits.countedBurst + Math.ceil(elapsedMs / pollLimits.countedEveryMs)) + countedQuietMax

describe('somebody who sends `shown` for another’s claim', () => {
  // One after the other, because they read the simulator's request counters.
  it.each(runs)(
    'does not keep it from being proven in %s, nor make it dear',
    async (_what, { channel, show, busy, others = 0 }) => {
      const of = await createForkRun(harness.github)
      await setRepositoryBehaviour(harness, of, { artifactListingLagMs: lagMs, stepNameLagMs: lagMs })
      await harness.github.resetRequestCounts()
      const startedAt = performance.now()
      const claim = () => postClaim(harness.issuer, of, { channels: [channel] })
      const answer = await claim()
      const attackers = await Promise.all(Array.from({ length: others }, claim))
      const ends = [spam([answer, ...attackers]), ...(busy ? [repeatedly(500, turn => busy(of, turn))] : [])]
      await systemClock.sleep(spamMs)
      await show(answer)(of, 0)
      const shownAt = performance.now()
      const exchanged = await exchangeClaim(answer.exchangeURL)
      const [tookMs, elapsedMs] = [performance.now() - shownAt, performance.now() - startedAt]
      const { counted } = (await harness.github.requestCounts()).rest
      for (const end of ends) await end()
      expect(exchanged).toMatchObject({ status: 200 })
      expect(tookMs).toBeLessThan(lagMs + slackMsMax)
      expect(counted).toBeLessThanOrEqual(busy && channel === 'step-name' ? countedMax(elapsedMs) : countedQuietMax)
    },
  )
})
