import { challengeSentence, challengeStepName } from '@forkproof/contracts/challenge'
import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimAnswer } from '@forkproof/contracts/claim'
import type { ChallengeCode } from '@forkproof/contracts/ids'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createForkRun,
  exchangeClaim,
  postClaim,
  postJson,
  problemCode,
  type TestForkRun,
} from '../testing/claim-requests.ts'
import { everyChannel } from '../testing/every-channel.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/** Puts a code in somebody else's run, or near it. */
type Put = (of: TestForkRun, code: ChallengeCode) => Promise<unknown>

// Long enough for the honest claim on a loaded machine. Each attack waits for its claim's end.
const claimLifetimeMs = 30_000

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({
    extra: {
      ...everyChannel,
      gateway: { ...everyChannel.gateway, FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS: String(claimLifetimeMs) },
    },
  })
})

const send = (method: string, path: string, body?: unknown) => harness.github.send(method, path, body)
const job = (of: TestForkRun, index: number): number => of.run.jobs[index]?.id ?? 0
const print =
  (text: (code: ChallengeCode) => string, at: { job?: number; step?: number } = {}): Put =>
  (of, code) =>
    send('POST', `/_sim/jobs/${job(of, at.job ?? 0)}/log`, { step: at.step ?? 2, lines: [text(code)] })
const artifact =
  (name: (code: ChallengeCode) => string, more: () => Record<string, unknown> = () => ({})): Put =>
  (of, code) =>
    send('POST', `/_sim/runs/${of.run.id}/artifacts`, { name: name(code), ...more() })
const step =
  (name: (code: ChallengeCode) => string, at: { job?: number; status?: string } = {}): Put =>
  (of, code) => {
    const body = { name: name(code), status: at.status ?? 'in_progress' }
    return send('POST', `/_sim/jobs/${job(of, at.job ?? 0)}/steps`, body)
  }
const finishJob = (of: TestForkRun, index: number) =>
  send('PATCH', `/_sim/jobs/${job(of, index)}`, { status: 'completed' })
const both =
  (first: Put, then: Put): Put =>
  async (of, code) => {
    await first(of, code)
    await then(of, code)
  }
const patchPull =
  (change: (code: ChallengeCode) => Record<string, unknown>): Put =>
  (of, code) =>
    send('PATCH', `/_sim/repositories/${of.repository}/pulls/${of.pullRequest}`, change(code))
const patchRun =
  (change: (code: ChallengeCode) => Record<string, unknown>): Put =>
  (of, code) =>
    send('PATCH', `/_sim/runs/${of.run.id}`, change(code))
/** The same, done to another run of the same pull request. */
const elsewhere =
  (put: Put): Put =>
  async (of, code) => {
    const jobs = [{ name: 'build', status: 'in_progress', steps: [{ name: 'Set up job' }, { name: 'Claim' }] }]
    const body = { pullRequest: of.pullRequest, event: 'pull_request', status: 'in_progress', jobs }
    await put({ ...of, run: await harness.github.createRun(of.repository, body) }, code)
  }

const mapped = <V, W>(of: Readonly<Record<string, V>>, to: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, to(value)]))
const sentence = challengeSentence
const upper = (code: string) => code.toUpperCase()
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
const timestamp = '2026-11-25T10:00:00.0000000Z'

const lines: readonly (readonly [string, (code: ChallengeCode) => string])[] = [
  ['the code alone', code => code],
  ['a title in front', code => `Testing pull request “${sentence(code)}`],
  ['a branch in front', code => `  * branch refs/heads/${sentence(code)}`],
  ['text behind', code => `${sentence(code)}: done`],
  ['more hexadecimal digits behind', code => `${sentence(code)}0`],
  ['quotation marks', code => `"${sentence(code)}"`],
  ['a quotation', code => `> ${sentence(code)}`],
  ['a space in front', code => ` ${sentence(code)}`],
  ['a space behind', code => `${sentence(code)} `],
  ['colours', code => `\u001b[32m${sentence(code)}\u001b[0m`],
  ['a timestamp in the text', code => `${timestamp} ${sentence(code)}`],
  ['a carriage return before it', code => `title\r${sentence(code)}`],
  ['a line break that is no line', code => `title\n${sentence(code)}`],
  ['a Unicode line break', code => `title\u2028${sentence(code)}`],
  ['other letter case', code => sentence(code).toUpperCase()],
  ['one letter otherwise', code => sentence(code).replace('W', 'w')],
  ['as many letters of other words', code => `The challenge of this OIDC auth ${code}`],
  ['a code in other letter case', code => `Waiting for OIDC auth challenge ${upper(code)}`],
  ['an older client’s words', code => `Waiting for auth challenge ${code}`],
]

const showing: Readonly<Record<Channel, Put>> = {
  artifact: artifact(code => code),
  'step-name': step(challengeStepName),
  log: print(sentence),
  'job-log': both(print(sentence), of => finishJob(of, 0)),
}

const printed = Object.fromEntries(lines.map(([what, text]) => [`a line with ${what}`, print(text)]))
/** By channel: what must not count there. */
const baits: Readonly<Record<Channel, Readonly<Record<string, Put>>>> = {
  log: {
    ...printed,
    'a line of a finished step': print(sentence, { step: 1 }),
    'a line of a finished job': both(print(sentence, { job: 1 }), of => finishJob(of, 1)),
    'a line of another run': elsewhere(showing.log),
    'an artifact': showing.artifact,
  },
  'job-log': {
    ...printed,
    'a line of a job that still runs': print(sentence, { job: 1 }),
    'a line of another run': elsewhere(showing['job-log']),
    'an artifact': showing.artifact,
  },
  artifact: {
    'text in front': artifact(code => `logs-${code}`),
    'text behind': artifact(code => `${code}.zip`),
    'other letter case': artifact(upper),
    'a space behind': artifact(code => `${code} `),
    'the last digit missing': artifact(code => code.slice(0, -1)),
    'an artifact of before the claim': artifact(
      code => code,
      () => ({ createdAt: minutesAgo(2) }),
    ),
    'an expired artifact': artifact(
      code => code,
      () => ({ expired: true }),
    ),
    'an artifact of another run': elsewhere(showing.artifact),
    'a line of the log': showing.log,
  },
  'step-name': {
    'the code alone': step(code => code),
    'text in front': step(code => `Run ${challengeStepName(code)}`),
    'text behind': step(code => `${challengeStepName(code)} of work`),
    'other letter case': step(code => challengeStepName(code).toUpperCase()),
    'a step that has not begun': step(challengeStepName, { status: 'queued' }),
    'a step of a finished job': both(step(challengeStepName, { job: 1 }), of => finishJob(of, 1)),
    'a step of another run': elsewhere(showing['step-name']),
    'an artifact': showing.artifact,
  },
}

/** Text that others write, with the code in it, in a run that repeats it just as a claimant would. */
const quotations: readonly (readonly [string, Channel, Put])[] = [
  ...(['log', 'job-log', 'artifact', 'step-name'] as const).map(
    channel => ['the run’s title', channel, patchRun(code => ({ displayTitle: sentence(code) }))] as const,
  ),
  ['the branch, in other letter case', 'log', patchRun(code => ({ headBranch: `fix/${upper(code)}` }))],
  ['the pull request’s title', 'log', patchPull(code => ({ title: sentence(code) }))],
  ['the pull request’s description', 'log', patchPull(code => ({ body: `Fixes it.\n\n${sentence(code)}\n` }))],
]

const start = (of: TestForkRun, channel: Channel) => postClaim(harness.issuer, of, { channels: [channel] })
const nudge = (claims: readonly ClaimAnswer[]) =>
  Promise.all(claims.map(({ claimId }) => postJson(`${harness.issuer}/claims/${claimId}/shown`)))
async function refusalOf(answer: ClaimAnswer): Promise<string> {
  const { status, text } = await exchangeClaim(answer.exchangeURL)
  return status === 200 ? 'proven' : JSON.parse(text).code
}

describe.concurrent('a code that somebody else’s run repeats', () => {
  // All claims are checked against the same readings of one run: the honest one is proven, so each bait was visible.
  it.each(['log', 'job-log', 'artifact', 'step-name'] as const)(
    'proves nothing by %s when it is not exact',
    async on => {
      const of = await createForkRun(harness.github, { jobs: 2 })
      const stolen = await Promise.all(
        Object.entries(baits[on]).map(async ([what, put]) => ({ what, put, answer: await start(of, on) })),
      )
      for (const { put, answer } of stolen) await put(of, answer.challengeCode)
      const honest = await start(of, on)
      await showing[on](of, honest.challengeCode)
      await nudge([...stolen.map(({ answer }) => answer), honest])
      expect(await exchangeClaim(honest.exchangeURL), 'the honest claim').toMatchObject({ status: 200 })
      const ends = await Promise.all(stolen.map(async ({ what, answer }) => [what, await refusalOf(answer)]))
      expect(Object.fromEntries(ends)).toEqual(mapped(baits[on], () => 'code_not_seen'))
    },
  )

  it.each(quotations)('proves nothing when it stands in %s, by %s', async (_what, channel, quote) => {
    // The second job keeps the run going when the first one's log is complete.
    const of = await createForkRun(harness.github, { jobs: 2 })
    const [stolen, honest] = [await start(of, channel), await start(of, channel)]
    await quote(of, stolen.challengeCode)
    await print(sentence)(of, stolen.challengeCode)
    if (channel !== 'log' && channel !== 'job-log') await showing[channel](of, stolen.challengeCode)
    await showing[channel](of, honest.challengeCode)
    await nudge([stolen, honest])
    expect(await exchangeClaim(honest.exchangeURL), 'the honest claim').toMatchObject({ status: 200 })
    const refused = await exchangeClaim(stolen.exchangeURL)
    expect({ status: refused.status, code: problemCode(refused) }).toEqual({ status: 403, code: 'code_quoted' })
  })

  it('proves nothing for another claim, which has another code', async () => {
    const of = await createForkRun(harness.github)
    const [shown, other] = [await start(of, 'step-name'), await start(of, 'step-name')]
    expect(other.challengeCode).not.toBe(shown.challengeCode)
    await showing['step-name'](of, shown.challengeCode)
    await nudge([shown, other])
    expect(await exchangeClaim(shown.exchangeURL)).toMatchObject({ status: 200 })
    expect(await refusalOf(other)).toBe('code_not_seen')
  })
})
