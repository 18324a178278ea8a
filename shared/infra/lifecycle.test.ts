import { describe, expect, it } from 'vitest'
import { Lifecycle } from './lifecycle.ts'

describe('Lifecycle', () => {
  it('closes in reverse order, once, however often it is asked', async () => {
    const closed: string[] = []
    const lifecycle = new Lifecycle()
    for (const name of ['bus', 'worker', 'server']) lifecycle.add(name, () => void closed.push(name))
    await Promise.all([lifecycle.shutdown(), lifecycle.shutdown()])
    expect(closed).toEqual(['server', 'worker', 'bus'])
  })

  it('aborts its signal before anything is closed', async () => {
    const lifecycle = new Lifecycle()
    let abortedFirst = false
    lifecycle.add('part', () => {
      abortedFirst = lifecycle.signal.aborted
    })
    await lifecycle.shutdown()
    expect(abortedFirst).toBe(true)
  })

  it('goes on when one part fails and another never ends', async () => {
    const closed: string[] = []
    const lifecycle = new Lifecycle(20)
    lifecycle.add('first', () => void closed.push('first'))
    lifecycle.add('failing', () => Promise.reject(new Error('no')))
    lifecycle.add('endless', () => new Promise(() => {}))
    await lifecycle.shutdown()
    expect(closed).toEqual(['first'])
  })

  it('closes at its next call what was opened while it was already shutting down', async () => {
    const closed: string[] = []
    const lifecycle = new Lifecycle()
    await lifecycle.shutdown()
    lifecycle.add('lock that was just taken', () => void closed.push('lock'))
    await lifecycle.shutdown()
    await lifecycle.shutdown()
    expect(closed).toEqual(['lock'])
  })
})
