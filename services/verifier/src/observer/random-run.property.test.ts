import { JobId } from '@forkproof/contracts/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aClaimSpec, fakeNowMs } from '../testing/fake-github-answers.ts'
import { PlannedRun, plannedJobId, type RunPlan, type ShownCode } from '../testing/fake-run-plan.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'

/** Each of them is a fixed set of schedules; a failure prints the seed and the smallest schedule that fails. */
const seeds = [20_261_128, 7, 4_711, 12, 1_009, 65_537]
const schedulesOfSeed = 20
const lifetimeMs = 40_000
const tickMs = 50
/** From when a code can be seen to its token: docs/security.md states two seconds, and each step is a tick late. */
const promptMs = 3_500
/** After GitHub failed, the pause before the next try is five seconds at most, and a try may be under way. */
const afterFaultMs = 14_000

interface PlannedClaim {
  readonly attempt: number
  readonly job: number
  readonly channel: 'artifact' | 'step-name'
  readonly namesJob: boolean
  /** After the start of its job. */
  readonly claimedMs: number
  /** After the claim; never when undefined. */
  readonly shownMs: number | undefined
  /** Whether the claimant says that its code is out, and says so again. */
  readonly tells: boolean
}

const ms = (min: number, max: number) => fc.integer({ min, max })
const job = fc.record({ startsMs: ms(-10_000, 6_000), lastsMs: ms(1_000, 60_000) })
const resting = fc.array(fc.constantFrom('queued', 'waiting', 'pending'), { maxLength: 3 })
const jobs = fc.array(job, { minLength: 1, maxLength: 5 })
const fault = fc.record({
  atMs: ms(0, 40_000),
  lastsMs: ms(100, 5_000),
  kind: fc.constantFrom('server-error', 'unreachable', 'malformed', 'limited by 403', 'limited by 429', 'cut pages'),
})
const runPlan = fc
  .record({
    first: fc.record({ jobs, resting, cancelledMs: fc.oneof(ms(0, 45_000), fc.constant(1e9)) }),
    rerun: fc.option(fc.record({ afterMs: ms(1_500, 8_000), jobs, resting })),
    lags: fc.record({ artifactLagMs: ms(0, 6_000), stepLagMs: ms(0, 6_000), jobLagMs: ms(0, 8_000) }),
    noise: fc.record({
      noiseMs: fc.constantFrom(0, 500, 1_000, 2_000),
      oldArtifacts: fc.constantFrom(0, 0, 250),
      finishedJobs: fc.constantFrom(0, 0, 0, 150),
    }),
    faults: fc.oneof(fc.constant([]), fc.array(fault, { maxLength: 3 })),
  })
  .map(({ first, rerun, lags, noise, faults }): RunPlan => {
    const ends = first.jobs.map(({ startsMs, lastsMs }) => startsMs + lastsMs)
    const completedMs = Math.min(first.resting.length > 0 ? 1e9 : Math.max(...ends), first.cancelledMs)
    const startsMs = completedMs + (rerun?.afterMs ?? 0)
    const again = rerun && {
      startsMs,
      jobs: rerun.jobs.map(each => ({ ...each, startsMs: startsMs + Math.abs(each.startsMs) })),
      resting: rerun.resting,
      cancelledMs: 1e9,
    }
    const attempts = [{ startsMs: -20_000, ...first }, ...(again && startsMs < 40_000 ? [again] : [])]
    return { attempts, ...lags, ...noise, faults }
  })
const plannedClaim = fc.record({
  attempt: ms(1, 2),
  job: ms(0, 4),
  channel: fc.constantFrom('artifact', 'step-name'),
  namesJob: fc.boolean(),
  claimedMs: ms(100, 8_000),
  shownMs: fc.option(ms(200, 8_000), { freq: 8, nil: undefined }),
  tells: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
})
const schedule = fc.record({
  plan: runPlan,
  claims: fc.oneof(
    fc.array(plannedClaim, { minLength: 1, maxLength: 3 }),
    fc.array(plannedClaim, { minLength: 4, maxLength: 12 }),
  ),
  spam: fc.boolean(),
})

async function play(plan: RunPlan, planned: readonly PlannedClaim[], spam: boolean) {
  const harness = createObserverHarness()
  const { clock, github, nudge, watch } = harness
  github.latencyMs = tickMs
  const claims = await Promise.all(
    planned.map(async each => {
      const attempt = Math.min(each.attempt, plan.attempts.length)
      const jobsOf = plan.attempts[attempt - 1]?.jobs ?? []
      const index = each.job % jobsOf.length
      const atMs = Math.max((jobsOf[index]?.startsMs ?? 0) + each.claimedMs, 0)
      const shownMs = each.shownMs === undefined ? undefined : atMs + each.shownMs
      const spec = await aClaimSpec({
        channels: [each.channel],
        claimedAtMs: fakeNowMs + atMs,
        expiresAtMs: fakeNowMs + atMs + lifetimeMs,
        ...(each.namesJob && { jobId: JobId.parse(String(plannedJobId(attempt, index))) }),
      })
      return { ...each, attempt, job: index, atMs, shownMs, spec }
    }),
  )
  const codes = claims.flatMap((claim): ShownCode[] =>
    claim.shownMs === undefined
      ? []
      : [
          {
            code: claim.spec.challengeCode,
            attempt: claim.attempt,
            job: claim.job,
            as: claim.channel,
            atMs: claim.shownMs,
          },
        ],
  )
  const run = new PlannedRun(plan, codes)
  github.onRequest = nowMs => run.apply(github, nowMs)
  const watched = new Map<(typeof claims)[number], ReturnType<typeof watch>>()
  const lastMs = Math.max(...claims.map(({ atMs }) => atMs)) + lifetimeMs + 6_000
  const isOver = () => watched.size === claims.length && [...watched.values()].every(({ report }) => report)
  for (let now = 0; now <= lastMs && !isOver(); now += tickMs) {
    for (const claim of claims) {
      if (claim.atMs <= now && !watched.has(claim)) watched.set(claim, watch(claim.spec))
      const sinceMs = now - (claim.shownMs ?? Number.POSITIVE_INFINITY)
      const tells = claim.tells && sinceMs >= 0 && sinceMs % 5_000 < tickMs
      if (watched.has(claim) && (tells || (spam && now % 500 === 0))) nudge(claim.spec.claimId, 'shown')
    }
    await pass(clock, tickMs, () => false, tickMs)
  }
  const outcomes = claims.map(claim => ({ claim, ...watched.get(claim) }))
  return { ...harness, outcomes, run, lastMs: clock.now() - fakeNowMs }
}

type Played = Awaited<ReturnType<typeof play>>
type Outcome = Played['outcomes'][number]

/** When an honest claimant may count on its token; undefined when the run, the job or GitHub did not allow one. */
function dueMs({ claim }: Outcome, { run }: Played, spam: boolean): number | undefined {
  const { plan } = run
  const { attempt, job: index, atMs, channel, namesJob, shownMs, spec } = claim
  if (shownMs === undefined || !run.isShown(spec.challengeCode)) return undefined
  if (run.attemptAt(atMs) !== attempt || run.jobStatus(attempt, index, atMs) !== 'in_progress') return undefined
  const startedMs = plan.attempts[attempt - 1]?.jobs[index]?.startsMs ?? 0
  const ofJob = channel === 'step-name' || namesJob ? startedMs + plan.jobLagMs : 0
  const seenMs = Math.max(shownMs + (channel === 'artifact' ? plan.artifactLagMs : plan.stepLagMs), ofJob)
  const expiresMs = atMs + lifetimeMs
  const disturbing = plan.faults.filter(one => one.atMs < expiresMs)
  const faultEndsMs = Math.max(...disturbing.map(one => one.atMs + one.lastsMs), 0)
  const isTold = claim.tells || spam
  const due = Math.max(
    isTold ? seenMs + promptMs : expiresMs,
    disturbing.length > 0 ? faultEndsMs + afterFaultMs : 0,
    disturbing.length > 0 ? seenMs + afterFaultMs : 0,
  )
  const lives = run.attemptAt(due) === attempt && run.statusAt(due) !== 'completed'
  const jobLives = channel === 'artifact' && !namesJob ? true : run.jobEndsMs(attempt, index) > due
  // A claimant that tells nothing has a last poll two seconds before its end.
  const inTime = isTold ? due <= expiresMs : due <= expiresMs && seenMs <= expiresMs - 3_000
  return lives && jobLives && inTime ? due : undefined
}

describe('over random schedules of a run', () => {
  it.each(seeds)(
    'tokens are for runs that lived, honest claims get theirs, and requests are bounded: seed %i',
    async seed => {
      const seen = { verified: 0, due: 0, refused: 0 }
      await fc.assert(
        fc.asyncProperty(schedule, async ({ plan, claims, spam }) => {
          const played = await play(plan, claims, spam)
          const { github, outcomes, run, lastMs } = played
          for (const outcome of outcomes) {
            const { claim, report } = outcome
            expect(report, 'every claim ends').toBeDefined()
            const result = report?.result
            const due = dueMs(outcome, played, spam)
            if (result?.kind === 'verified') {
              seen.verified += 1
              const seenMs = result.run.seenAtMs - fakeNowMs
              expect(run.isShown(claim.spec.challengeCode), 'only codes that were shown').toBe(true)
              expect(run.statusAt(seenMs), 'the run lived at the sighting').not.toBe('completed')
              expect(run.attemptAt(seenMs), 'the attempt that showed it').toBe(claim.attempt)
              expect(result.run.facts.run.attempt).toBe(String(claim.attempt))
              const isOfJob = claim.channel === 'step-name' || claim.namesJob
              if (isOfJob) expect(run.jobEndsMs(claim.attempt, claim.job)).toBeGreaterThan(seenMs - 2_500)
            } else seen.refused += 1
            if (due === undefined) continue
            seen.due += 1
            expect(result, 'an honest claim').toMatchObject({ kind: 'verified' })
            expect((outcome.atMs ?? 0) - fakeNowMs, 'in time').toBeLessThanOrEqual(due)
          }
          // Each list has a burst of twelve and then one each two seconds; a claim has a few requests of its own.
          const seconds = lastMs / 1_000
          expect(github.counted.length).toBeLessThanOrEqual(24 + seconds + 8 * claims.length)
          expect(github.asked.length).toBeLessThanOrEqual(24 * seconds)
        }),
        { seed, numRuns: schedulesOfSeed },
      )
      // A generator whose claims never get tokens would prove nothing.
      expect(Math.min(...Object.values(seen))).toBeGreaterThan(schedulesOfSeed / 4)
    },
  )
})
