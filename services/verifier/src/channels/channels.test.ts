import { challengeSentence, challengeStepName } from '@forkproof/contracts/challenge'
import { describe, expect, test } from 'vitest'
import type { GithubJob } from '../github/schemas.ts'
import { aClaimSpec, aJob, anArtifact, aRun, fakeNowMs } from '../testing/fake-github-answers.ts'
import type { RunReadings } from './channel-reader.ts'
import { findSighting } from './channel-readers.ts'
import { codesOfJobLog } from './job-log.ts'
import { shownCode, shownCodes } from './shown-code.ts'

const spec = await aClaimSpec()
const other = await aClaimSpec()
const code = spec.challengeCode
const iso = (ms: number) => new Date(ms).toISOString()
const readings = (changes: Partial<RunReadings> = {}): RunReadings => ({
  run: aRun(),
  artifacts: [],
  jobs: [],
  liveCodes: new Map(),
  finishedCodes: new Map(),
  ...changes,
})
const codes = (jobId: number, ...shown: string[]) => new Map([[jobId, new Set(shown)]])

describe('artifact', () => {
  const owner = { id: 9_000_000_001, repository_id: 1001, head_sha: 'a'.repeat(40) }
  test('whose whole name is the code proves', () => {
    expect(findSighting(['artifact'], spec, readings({ artifacts: [anArtifact(code)] }))).toEqual({
      channel: 'artifact',
    })
  })
  test('of an earlier attempt proves nothing, by the times of GitHub alone', () => {
    const artifacts = [anArtifact(code, { created_at: iso(fakeNowMs + 1_000) })]
    const started = (atMs: number) => readings({ artifacts, run: aRun({ run_started_at: iso(atMs) }) })
    expect(findSighting(['artifact'], spec, started(fakeNowMs + 2_000))).toBeUndefined()
    expect(findSighting(['artifact'], spec, started(fakeNowMs + 1_000))).toEqual({ channel: 'artifact' })
  })
  test.each<[string, ReturnType<typeof anArtifact>]>([
    ['with the code as a part of its name', anArtifact(`x-${code}`)],
    ['with something after the code', anArtifact(`${code}.zip`)],
    ['with the code in capitals', anArtifact(code.toUpperCase())],
    ['with a space after the code', anArtifact(`${code} `)],
    ['with another claim’s code', anArtifact(other.challengeCode)],
    ['that is expired', anArtifact(code, { expired: true })],
    ['from before the claim', anArtifact(code, { created_at: iso(fakeNowMs - 31_000) })],
    ['without a time', anArtifact(code, { created_at: null })],
    ['of another run', anArtifact(code, { workflow_run: { ...owner, id: 1 } })],
    ['of another repository', anArtifact(code, { workflow_run: { ...owner, repository_id: 2002 } })],
    ['of another commit', anArtifact(code, { workflow_run: { ...owner, head_sha: 'b'.repeat(40) } })],
    ['of no run', anArtifact(code, { workflow_run: null })],
    ['of a run without an id', anArtifact(code, { workflow_run: { repository_id: 1001, head_sha: 'a'.repeat(40) } })],
  ])('%s proves nothing', (_, artifact) => {
    expect(findSighting(['artifact'], spec, readings({ artifacts: [artifact] }))).toBeUndefined()
  })
})

describe('step name', () => {
  const step = (name: string, started_at: string | null = iso(fakeNowMs + 1_000)) => [
    { name, number: 2, status: 'in_progress', started_at },
  ]
  const named = challengeStepName(code)
  test('that is the agreed words and the code proves, with its job', () => {
    const jobs = [aJob({ id: 4 }), aJob({ id: 5, steps: step(named) })]
    expect(findSighting(['step-name'], spec, readings({ jobs }))).toEqual({ channel: 'step-name', jobId: 5 })
  })
  test.each<[string, Record<string, unknown>]>([
    ['that is the code alone', { steps: step(code) }],
    ['with a word before', { steps: step(`Run ${named}`) }],
    ['with a word after', { steps: step(`${named} again`) }],
    ['with another claim’s code', { steps: step(challengeStepName(other.challengeCode)) }],
    ['that has not started', { steps: step(named, null) }],
    ['that started before the claim', { steps: step(named, iso(fakeNowMs - 31_000)) }],
    ['in a completed job', { steps: step(named), status: 'completed' }],
    ['in a queued job', { steps: step(named), status: 'queued' }],
    ['in a job of another attempt', { steps: step(named), run_attempt: 2 }],
    ['in a job of another run', { steps: step(named), run_id: 1 }],
    ['in a job without steps', { steps: undefined }],
  ])('%s proves nothing', (_, changes) => {
    expect(findSighting(['step-name'], spec, readings({ jobs: [aJob(changes)] }))).toBeUndefined()
  })
})

describe('a line shows a code', () => {
  test('when it is the agreed sentence and nothing else', () => {
    expect(shownCode(challengeSentence(code))).toBe(code)
  })
  test.each([
    ['quoted', `"${challengeSentence(code)}"`],
    ['after a timestamp', `2026-11-25T10:00:00.0000000Z ${challengeSentence(code)}`],
    ['with a space after', `${challengeSentence(code)} `],
    ['with text after', `${challengeSentence(code)} (from a title)`],
    ['with text before', `Title: ${challengeSentence(code)}`],
    ['as the code alone', code],
    ['with a tab', challengeSentence(code).replaceAll(' ', '\t')],
    ['in another case', challengeSentence(code).toLowerCase()],
    ['cut short', challengeSentence(code).slice(0, -1)],
    ['with colour', `\u001b[32m${challengeSentence(code)}\u001b[0m`],
    ['with a carriage return', `${challengeSentence(code)}\r`],
    ['empty', ''],
  ])('but not %s', (_, line) => {
    expect(shownCode(line)).toBeUndefined()
  })
  test('and of too many, the newest are kept', () => {
    const lines = [challengeSentence(other.challengeCode), 'noise', challengeSentence(code)]
    expect([...shownCodes(lines, 1)]).toEqual([code])
  })
})

describe('live log', () => {
  test('of a running job proves, with the job', () => {
    expect(findSighting(['log'], spec, readings({ jobs: [aJob()], liveCodes: codes(5_001, code) }))).toEqual({
      channel: 'log',
      jobId: 5_001,
    })
  })
  test.each<[string, GithubJob[], Map<number, Set<string>>]>([
    ['of a job that is not of this run', [aJob({ run_id: 1 })], codes(5_001, code)],
    ['of another attempt', [aJob({ run_attempt: 2 })], codes(5_001, code)],
    ['of a completed job', [aJob({ status: 'completed' })], codes(5_001, code)],
    ['of a job that is not listed', [], codes(5_001, code)],
    ['with another code', [aJob()], codes(5_001, other.challengeCode)],
  ])('%s proves nothing', (_, jobs, liveCodes) => {
    expect(findSighting(['log'], spec, readings({ jobs, liveCodes }))).toBeUndefined()
  })
})

describe('finished job’s log', () => {
  const finished = (changes: Record<string, unknown> = {}) =>
    aJob({ status: 'completed', completed_at: iso(fakeNowMs + 1_000), ...changes })
  test('of this attempt proves, with the job', () => {
    const given = readings({ jobs: [finished()], finishedCodes: codes(5_001, code) })
    expect(findSighting(['job-log'], spec, given)).toEqual({ channel: 'job-log', jobId: 5_001 })
  })
  test.each<[string, GithubJob]>([
    ['that still runs', aJob()],
    ['that ended before the claim', finished({ completed_at: iso(fakeNowMs - 31_000) })],
    ['without an end', finished({ completed_at: null })],
    ['of another attempt', finished({ run_attempt: 2 })],
    ['of another commit', finished({ head_sha: 'c'.repeat(40) })],
  ])('of a job %s proves nothing', (_, job) => {
    const given = readings({ jobs: [job], finishedCodes: codes(5_001, code) })
    expect(findSighting(['job-log'], spec, given)).toBeUndefined()
  })
  test('is read with its byte order mark, timestamps and either line end', () => {
    const stamp = '2026-11-25T10:00:00.1234567Z '
    const text = `\ufeff${stamp}${challengeSentence(code)}\r\n${stamp}${challengeSentence(other.challengeCode)}\n`
    expect(codesOfJobLog(text)).toEqual(new Set([code, other.challengeCode]))
  })
  test.each([
    ['without a timestamp', challengeSentence(code)],
    ['with two timestamps', `2026-11-25T10:00:00.1Z 2026-11-25T10:00:00.1Z ${challengeSentence(code)}`],
    ['quoted', `2026-11-25T10:00:00.1Z > ${challengeSentence(code)}`],
  ])('shows nothing in a line %s', (_, text) => {
    expect(codesOfJobLog(text).size).toBe(0)
  })
})
