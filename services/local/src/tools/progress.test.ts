import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, it } from 'vitest'
import { Progress } from './progress.ts'

function recordedProgress({ terminal = false } = {}) {
  const clock = new FakeClock()
  const lines: string[] = []
  const rewritten: string[] = []
  const line = (text: string) => void lines.push(text)
  const rewrite = (text: string) => void rewritten.push(text)
  const progress = new Progress({ line, ...(terminal && { rewrite }) }, clock)
  const pass = async (...pauses: readonly number[]) => {
    for (const ms of pauses) {
      await expect.poll(() => clock.sleeping).toBe(1)
      clock.advance(ms)
    }
    await expect.poll(() => clock.sleeping).toBe(1)
  }
  return { lines, rewritten, progress, pass }
}

describe('progress', () => {
  it.each([true, false])('of a quick step is nothing (terminal: %s)', async terminal => {
    const { lines, rewritten, progress } = recordedProgress({ terminal })
    expect(await progress.step('quick', async () => 7)).toBe(7)
    expect(lines).toEqual([])
    expect(rewritten.filter(text => text !== '')).toEqual([])
  })

  it('without a terminal is a line after a second and then every thirty, and one for the end', async () => {
    const { lines, progress, pass } = recordedProgress()
    const { promise, resolve } = Promise.withResolvers<string>()
    const step = progress.step('building', () => promise)
    await pass(1_000, 29_999)
    expect(lines).toEqual(['building … 1.0 s'])
    await pass(1, 30_000)
    resolve('built')
    expect(await step).toBe('built')
    expect(lines).toEqual(['building … 1.0 s', 'building … 31 s', 'building … 61 s', 'building: done after 61 s'])
  })

  it('on a terminal is rewritten every second and taken away before the end is told', async () => {
    const { lines, rewritten, progress, pass } = recordedProgress({ terminal: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    const step = progress.step('building', () => promise)
    await pass(1_000, 1_000, 1_000)
    expect(rewritten).toEqual(['building … 1.0 s', 'building … 2.0 s', 'building … 3.0 s'])
    resolve()
    await step
    expect(rewritten.at(-1)).toBe('')
    expect(lines).toEqual(['building: done after 3.0 s'])
  })

  it('of a step that fails says so and passes the failure on', async () => {
    const { lines, progress, pass } = recordedProgress()
    const { promise, reject } = Promise.withResolvers<string>()
    const step = progress.step('building', () => promise)
    step.catch(() => {})
    await pass(1_500)
    reject(new Error('no disk'))
    await expect(step).rejects.toThrow('no disk')
    expect(lines.at(-1)).toBe('building: failed after 1.5 s')
  })

  it('of steps in order has their numbers and what is left', async () => {
    const { lines, progress, pass } = recordedProgress()
    const names = ['buildkitd', 'temporal', 'probe'] as const
    const works = names.map(name => ({ name, ...Promise.withResolvers<string>() }))
    const all = progress.inOrder(
      works.map(({ name, promise }) => ({ name, title: `building ${name}`, work: () => promise })),
    )
    for (const [index, { name, resolve }] of works.entries()) {
      await pass(1_000)
      resolve(name)
      await expect.poll(() => lines.length).toBe((index + 1) * 2)
    }
    expect(await all).toEqual(names)
    expect(lines).toEqual([
      '[1/3] building buildkitd … 1.0 s, then: temporal, probe',
      '[1/3] building buildkitd: done after 1.0 s',
      '[2/3] building temporal … 1.0 s, then: probe',
      '[2/3] building temporal: done after 1.0 s',
      '[3/3] building probe … 1.0 s',
      '[3/3] building probe: done after 1.0 s',
    ])
  })

  it('of a single step in order has no number', async () => {
    const { lines, progress, pass } = recordedProgress()
    const { promise, resolve } = Promise.withResolvers<void>()
    const all = progress.inOrder([{ name: 'probe', title: 'building probe', work: () => promise }])
    await pass(1_000)
    resolve()
    await all
    expect(lines[0]).toBe('building probe … 1.0 s')
  })

  it('of steps in order ends with the first that fails', async () => {
    const { progress } = recordedProgress()
    const begun: string[] = []
    const step = (name: string, fails: boolean) => ({
      name,
      title: name,
      work: async () => {
        begun.push(name)
        if (fails) throw new Error('no disk')
      },
    })
    await expect(progress.inOrder([step('a', false), step('b', true), step('c', false)])).rejects.toThrow('no disk')
    expect(begun).toEqual(['a', 'b'])
  })
})
