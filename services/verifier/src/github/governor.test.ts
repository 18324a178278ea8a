import { describe, expect, test } from 'vitest'
import { fakeNowMs, rawRun } from '../testing/fake-github-answers.ts'
import { sendJson } from '../testing/fake-http-server.ts'
import { signal, startReaderHarness } from '../testing/reader-harness.ts'

const hour = (remaining: number) => ({
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(fakeNowMs / 1_000 + 3_599),
})

/** A GitHub that counts the hour down from `remaining`. */
const countingDown = (remaining: number) => {
  let left = remaining
  return startReaderHarness((_, response) => sendJson(response, 200, rawRun(), hour(--left)), {
    isRelated: false,
    githubPointsMinute: 1_000_000,
  })
}

describe('requests of an hour are kept for those with more priority', () => {
  test('an unknown repository is refused early, with the time when it is served again', async () => {
    const { reader, clock, seen } = await countingDown(3_700)
    await reader.run(signal)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', reserved: true })
    expect(seen).toHaveLength(1)
    const fault = await reader.run(signal).catch((error: unknown) => error)
    const { retryAtMs } = fault as { retryAtMs: number }
    expect(retryAtMs).toBeGreaterThan(fakeNowMs)
    clock.advance(retryAtMs - fakeNowMs)
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
  })
  test('a build is served to the last request', async () => {
    const { readerOf, seen } = await countingDown(2)
    const build = readerOf('base-org/project' as Parameters<typeof readerOf>[0], 'build')
    await build.run(signal)
    await build.run(signal)
    await expect(build.run(signal)).rejects.toMatchObject({ kind: 'limited', reserved: false })
    expect(seen).toHaveLength(2)
  })
  test('the refusal says why, and no figure', async () => {
    const { reader } = await countingDown(100)
    await reader.run(signal)
    const fault = (await reader.run(signal).catch((error: unknown) => error)) as { detail: string }
    expect(fault.detail).toBe(
      'this service keeps its remaining GitHub requests for repositories that its projects name',
    )
  })
})

describe('points of a minute', () => {
  test('that are spent make an unknown repository wait and leave the others theirs', async () => {
    const { reader, readerOf, seen } = await startReaderHarness(
      (_, response) => sendJson(response, 200, rawRun(), hour(5_000)),
      { isRelated: false, githubPointsMinute: 10 },
    )
    for (let index = 0; index < 5; index++) await reader.run(signal)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', reserved: true })
    const build = readerOf('base-org/project' as Parameters<typeof readerOf>[0], 'build')
    for (let index = 0; index < 5; index++) await build.run(signal)
    await expect(build.run(signal)).rejects.toMatchObject({ kind: 'limited', reserved: false })
    expect(seen).toHaveLength(10)
  })
  test('are waited for when they come back soon', async () => {
    const { reader, clock } = await startReaderHarness(
      (_, response) => sendJson(response, 200, rawRun(), hour(5_000)),
      { githubPointsMinute: 10 },
    )
    for (let index = 0; index < 9; index++) await reader.run(signal)
    clock.advance(58_500)
    const waiting = reader.run(signal)
    await expect.poll(() => clock.sleeping).toBe(1)
    clock.advance(3_000)
    expect(await waiting).toMatchObject({ kind: 'found' })
  })
  test('of one credential do not count for another', async () => {
    const { reader, seen } = await startReaderHarness((_, response) => sendJson(response, 200, rawRun(), hour(5_000)), {
      githubPointsMinute: 10,
      tokens: ['one', 'two'],
    })
    for (let index = 0; index < 18; index++) await reader.run(signal)
    expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(2)
  })
})
