import { type Channel, channelsReadByDefault } from '@forkproof/contracts/channels'
import { describe, expect, test } from 'vitest'
import { aClaimSpec, baseRepository, fakeNowMs, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'
import type { VerifierServiceOptions } from '../wire-verifier.ts'
import { pollLimits } from './limits.ts'

const spec = await aClaimSpec({ expiresAtMs: fakeNowMs + 9_000 })
/** Longer than any claim of this file: no answer, and no timeout yet. */
const silenceMs = 60_000

describe('a claim that ends while GitHub is silent', () => {
  test('from its first check on says that GitHub did not answer', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.latencyMs = silenceMs
    const watched = watch(spec)
    await pass(clock, 9_100)
    expect(watched.report?.result).toMatchObject({ reason: 'github_unavailable' })
  })
  test('from its showing on says so too', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 1_000)
    github.latencyMs = silenceMs
    nudge(spec.claimId, 'shown')
    await pass(clock, 8_100)
    expect(watched.report?.result).toMatchObject({ reason: 'github_unavailable' })
  })
  test('for no longer than an answer may take was not seen', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 8_000)
    github.latencyMs = silenceMs
    nudge(spec.claimId, 'shown')
    await pass(clock, 1_100 + pollLimits.confirmGraceMs)
    expect(watched.report?.result).toMatchObject({ reason: 'code_not_seen' })
  })
})

describe('a claim whose channels are not read here', () => {
  test.each<[string, Channel[], Channel[], Partial<VerifierServiceOptions>]>([
    ['the log of a finished job, by default', ['job-log'], [...channelsReadByDefault], {}],
    ['a log without a session cookie', ['log'], ['log', 'artifact'], { logSessionCookie: undefined }],
    ['artifacts that the operator turned off', ['artifact'], ['step-name'], {}],
  ])('%s: ends at once, unread, whatever the gateway let through', async (_, wanted, channels, changes) => {
    const { clock, github, watch } = createObserverHarness({ channels, ...changes })
    const watched = watch({ ...spec, channels: wanted })
    await pass(clock, 0)
    expect(watched.report?.result).toMatchObject({ reason: 'code_not_seen', detail: expect.stringContaining('served') })
    expect(github.asked).toEqual([])
  })
})

describe('a claim that ends unseen', () => {
  test.each([
    ['run_not_in_progress', rawRun({ status: 'completed', conclusion: 'success' })],
    ['repository_not_public', rawRun({ repository: { ...baseRepository, private: true } })],
    ['head_repository_gone', rawRun({ head_repository: null })],
    ['run_not_found', 'missing' as const],
    ['repository_renamed', 'moved' as const],
    ['code_not_seen', rawRun()],
  ])('says %s when that is what became of the run', async (reason, run) => {
    const { clock, github, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 1_000)
    github.run = run
    await pass(clock, 8_100)
    expect(watched.report?.result).toMatchObject({ reason })
  })
})
