import { FakeClock } from '@forkproof/infra/clock'
import { expect, test } from 'vitest'
import { Progress } from './progress.ts'

function fixture() {
  const clock = new FakeClock()
  const lines: string[] = []
  return { clock, lines, progress: new Progress(line => lines.push(line), clock) }
}

test('a quick step prints nothing', async () => {
  const { lines, progress } = fixture()
  expect(await progress.step('quick', async () => 7)).toBe(7)
  expect(lines).toEqual([])
})

test('a slow step tells the time it takes, and its end', async () => {
  const { clock, lines, progress } = fixture()
  const { promise, resolve } = Promise.withResolvers<string>()
  const step = progress.step('building', () => promise)
  for (const ms of [1_000, 10_000]) {
    await expect.poll(() => clock.sleeping).toBe(1)
    clock.advance(ms)
  }
  await expect.poll(() => clock.sleeping).toBe(1)
  resolve('built')
  expect(await step).toBe('built')
  expect(lines).toEqual(['building … 1.0 s', 'building … 11 s', 'building: done after 11 s'])
})

test('a slow step that fails says so and passes the failure on', async () => {
  const { clock, lines, progress } = fixture()
  const { promise, reject } = Promise.withResolvers<string>()
  const step = progress.step('building', () => promise)
  step.catch(() => {})
  await expect.poll(() => clock.sleeping).toBe(1)
  clock.advance(1_500)
  await expect.poll(() => clock.sleeping).toBe(1)
  reject(new Error('no disk'))
  await expect(step).rejects.toThrow('no disk')
  expect(lines.at(-1)).toBe('building: failed after 1.5 s')
})
