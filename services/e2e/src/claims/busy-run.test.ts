import { challengeStepName } from '@forkproof/contracts/challenge'
import type { ClaimAnswer } from '@forkproof/contracts/claim'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { setRepositoryBehaviour } from '../testing/claim-harness.ts'
import { createForkRun, exchangeClaim, postClaim, postJson, type TestForkRun } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/** GitHub's lag is unknown; reports say two to five seconds (docs/facts/github.md#run-states-and-approval). */
const lagMs = 5_000
/** The verifier needs 1.5 s at most (services/verifier/src/observer/busy-run.test.ts); the rest is this machine's. */
const laterMsMax = 8_000
const jobsOfMatrix = 20

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness()
})

const send = (method: string, path: string, body?: unknown) => harness.github.send(method, path, body)

/** A run where nothing stands still, with a job that waits for a runner: GitHub calls the whole run queued. */
async function busyRun(jobs: number): Promise<TestForkRun> {
  const of = await createForkRun(harness.github, { jobs })
  await setRepositoryBehaviour(harness, of, { artifactListingLagMs: lagMs, stepNameLagMs: lagMs })
  await send('POST', `/_sim/runs/${of.run.id}/jobs`, { name: 'waits for a runner', status: 'queued' })
  const activity = { artifactsThere: 200, artifactEveryMs: 1_000, stepEveryMs: 2_000 }
  await send('PUT', `/_sim/runs/${of.run.id}/activity`, activity)
  await harness.github.resetRequestCounts()
  return of
}

const tell = ({ claimId }: ClaimAnswer) => postJson(`${harness.issuer}/claims/${claimId}/shown`)
const jobOf = ({ run }: TestForkRun, index: number) => String(run.jobs[index]?.id)

const ways = {
  artifact: (of: TestForkRun, answer: ClaimAnswer) =>
    send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name: answer.challengeCode }),
  'step-name': (of: TestForkRun, answer: ClaimAnswer, index: number) =>
    send('PATCH', `/_sim/jobs/${jobOf(of, index)}/steps/2`, { name: challengeStepName(answer.challengeCode) }),
} as const

type Way = keyof typeof ways

/** Claims, shows the code, says so again as our client does, and waits for the token. */
async function prove(of: TestForkRun, channel: Way, index = 0, change: Record<string, unknown> = {}) {
  return showAndCollect(of, channel, index, await postClaim(harness.issuer, of, { channels: [channel], ...change }))
}

/** Resolves to the milliseconds from the code to the token. */
async function showAndCollect(of: TestForkRun, channel: Way, index: number, answer: ClaimAnswer): Promise<number> {
  await ways[channel](of, answer, index)
  const shownAtMs = performance.now()
  await tell(answer)
  const repeating = setInterval(() => void tell(answer).catch(() => undefined), 5_000)
  try {
    const token = await exchangeClaim(answer.exchangeURL)
    expect(token.status, token.text).toBe(200)
    expect(decodeJwt(token.text)).toMatchObject({ run_id: String(of.run.id) })
    return performance.now() - shownAtMs
  } finally {
    clearInterval(repeating)
  }
}

const counted = async () => (await harness.github.requestCounts()).rest.counted

// One after the other, because they read the simulator's request counters.
describe('a claim in a run where everything changes and a job waits for a runner', () => {
  it.each<[string, keyof typeof ways, boolean]>([
    ['an artifact', 'artifact', false],
    ['an artifact of a named job', 'artifact', true],
    ['a step name', 'step-name', false],
    ['a step name of a named job', 'step-name', true],
  ])('is proven by %s soon after GitHub shows it, for six counted requests', async (_, channel, isNamed) => {
    const of = await busyRun(1)
    const tookMs = await prove(of, channel, 0, isNamed ? { jobID: jobOf(of, 0) } : {})
    expect(tookMs).toBeLessThan(lagMs + laterMsMax)
    expect(await counted()).toBeLessThanOrEqual(6)
  })

  it('is proven although strangers claim the run and flood it with shown', async () => {
    const of = await busyRun(1)
    const strangers = await Promise.all(
      Array.from({ length: 4 }, () => postClaim(harness.issuer, of, { channels: ['artifact', 'step-name'] })),
    )
    const flooding = setInterval(() => void Promise.allSettled(strangers.map(tell)), 100)
    try {
      expect(await prove(of, 'artifact')).toBeLessThan(lagMs + laterMsMax)
    } finally {
      clearInterval(flooding)
    }
  })

  it.each(['artifact', 'step-name'] as const)(
    'and twenty of a matrix by their %ss, for one counted request a token',
    async channel => {
      const of = await busyRun(jobsOfMatrix)
      // All codes are shown at once, however long a busy machine takes to start twenty claims.
      const claims = Array.from({ length: jobsOfMatrix }, () => postClaim(harness.issuer, of, { channels: [channel] }))
      const answers = await Promise.all(claims)
      const took = await Promise.all(answers.map((answer, index) => showAndCollect(of, channel, index, answer)))
      expect(Math.max(...took)).toBeLessThan(lagMs + 2 * laterMsMax)
      expect(await counted()).toBeLessThanOrEqual(jobsOfMatrix)
    },
  )
})
