import { challengeSentence } from '@forkproof/contracts/challenge'
import type { Channel } from '@forkproof/contracts/channels'
import type { ChallengeCode } from '@forkproof/contracts/ids'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createProject, exchangeToken } from '../testing/build-requests.ts'
import {
  createForkRun,
  exchangeClaim,
  postClaim,
  postJson,
  problemCode,
  showAsArtifact,
  type TestForkRun,
} from '../testing/claim-requests.ts'
import { everyChannel } from '../testing/every-channel.ts'
import { type IntruderHarness, openIntruderHarness } from '../testing/intruder-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/*
 * A stranger claims for a run that is not theirs, and gets one line into the log of a job of it that has finished: by
 * a title, a branch or a file name that the job prints. The run itself claims nothing.
 */

let harness: SystemHarness
let intruder: IntruderHarness
/** Its operator reads finished jobs' logs. */
let careless: SystemHarness
beforeAll(async () => {
  careless = await openSystemHarness({ extra: everyChannel })
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS: '15000' } } })
  intruder = await openIntruderHarness(harness)
})

const timestamp = '2026-11-25T10:00:00.0000000Z'
type Text = (code: ChallengeCode) => string
/** How such a line can look. The runner writes one timestamp before a value of several lines. */
const printed: readonly (readonly [string, Text])[] = [
  ['a line of its own', challengeSentence],
  [
    'a value of several lines that brings its own timestamp',
    code => `  TITLE: Fix\n${timestamp} ${challengeSentence(code)}`,
  ],
  [
    'the same between carriage returns',
    code => `  TITLE: Fix\r\n${timestamp} ${challengeSentence(code)}\r\n${timestamp} more`,
  ],
]

const victimRun = ({ github }: SystemHarness = harness) => createForkRun(github, { jobs: 2 })
/** The second job of the run goes on. */
async function printAndFinish({ run }: TestForkRun, text: string, { github } = harness): Promise<void> {
  const [finished] = run.jobs
  await github.send('POST', `/_sim/jobs/${finished?.id}/log`, { step: 2, lines: [text] })
  await github.send('PATCH', `/_sim/jobs/${finished?.id}`, { status: 'completed', conclusion: 'success' })
}

describe.concurrent('a code that a stranger has printed in a finished job of somebody’s run', () => {
  it.each(printed)('proves nothing as %s, not even for a gateway that asks for that channel', async (_what, text) => {
    const of = await victimRun()
    const spec = { ...(await intruder.specFor(of, { lifetimeMs: 15_000 })), channels: ['job-log'] satisfies Channel[] }
    await printAndFinish(of, text(spec.challengeCode))
    expect(await intruder.run(spec)).toMatchObject({ verdict: 'refused', reason: 'code_not_seen' })
  })

  it.each(printed)('proves nothing as %s for a claim that names a good channel too', async (_what, text) => {
    const of = await victimRun()
    const answer = await postClaim(harness.issuer, of, { channels: ['job-log', 'artifact'] })
    expect(answer.channels).toEqual(['artifact'])
    await printAndFinish(of, text(answer.challengeCode))
    await postJson(`${harness.issuer}/claims/${answer.claimId}/shown`)
    const refused = await exchangeClaim(answer.exchangeURL)
    expect({ status: refused.status, code: problemCode(refused) }).toEqual({ status: 403, code: 'code_not_seen' })
  })

  it('cannot be claimed for by that channel: the answer says at once what works', async () => {
    const of = await victimRun()
    const body = { eventName: 'pull_request', repo: of.repository, runID: String(of.run.id), channels: ['job-log'] }
    const answer = await postJson(`${harness.issuer}/claim`, body)
    expect({ status: answer.status, code: problemCode(answer) }).toEqual({ status: 400, code: 'channel_not_read' })
    expect(answer.text).toContain('Show the code by artifact')
  })

  it('proves nothing for a claim that names no channel, as those of clients that print', async () => {
    const of = await victimRun()
    const answer = await postClaim(harness.issuer, of)
    // The live log is read here, where a session is configured; only jobs that run are in it.
    expect(answer.channels).toEqual(['log'])
    await printAndFinish(of, challengeSentence(answer.challengeCode))
    expect(problemCode(await exchangeClaim(answer.exchangeURL))).toBe('code_not_seen')
  })

  it('does not keep the run’s own claim from being proven', async () => {
    const of = await victimRun()
    const stranger = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    await printAndFinish(of, challengeSentence(stranger.challengeCode))
    const own = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    await showAsArtifact(harness.github, harness.issuer, of.run, own)
    expect(await exchangeClaim(own.exchangeURL)).toMatchObject({ status: 200 })
  })
})

describe.concurrent('the same where an operator reads finished jobs’ logs', () => {
  const relayedToken = async (of: TestForkRun, text: Text) => {
    const answer = await postClaim(careless.issuer, of, { channels: ['job-log'], aud: careless.issuer })
    await printAndFinish(of, text(answer.challengeCode), careless)
    await postJson(`${careless.issuer}/claims/${answer.claimId}/shown`)
    return exchangeClaim(answer.exchangeURL)
  }
  const project = (of: TestForkRun, rule: Record<string, unknown> = {}) =>
    createProject(careless, [{ repository: of.repository, eventClass: 'fork_pull_request', ...rule }])

  it.each(printed)('gives the stranger a token as %s, and that opens no project by default', async (_what, text) => {
    const of = await victimRun(careless)
    const { status, text: idToken } = await relayedToken(of, text)
    expect({ status, ...decodeJwt(idToken) }).toMatchObject({ status: 200, proof_method: 'job-log' })
    expect((await exchangeToken(careless, idToken, await project(of))).status).toBe(400)
    const all = { proofMethods: ['artifact', 'step-name', 'log', 'job-log'] }
    expect((await exchangeToken(careless, idToken, await project(of, all))).status, 'a maintainer’s word').toBe(200)
  })
})
