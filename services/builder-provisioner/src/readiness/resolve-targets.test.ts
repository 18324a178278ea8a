import { describe, expect, it } from 'vitest'
import { type Lookup, resolveTargets } from './resolve-targets.ts'

const never = new AbortController().signal
const book: Readonly<Record<string, readonly string[]>> = {
  'bus.example': ['192.0.2.7', '2001:db8::7'],
  'twin.example': ['192.0.2.7'],
  'empty.example': [],
}
const find: Lookup = async host => {
  const found = book[host]
  if (!found) throw new Error(`ENOTFOUND ${host}`)
  return found
}

describe('names among the targets', () => {
  it('become all their addresses, each once', async () => {
    const targets = ['bus.example:4222', 'twin.example:4222', '192.0.2.7:80']
    expect(await resolveTargets(targets, never, find)).toEqual(['192.0.2.7:4222', '[2001:db8::7]:4222', '192.0.2.7:80'])
  })

  it('are known to the machine’s own resolver', async () => {
    const found = await resolveTargets(['localhost:1'], never)
    expect(found.some(target => target === '127.0.0.1:1' || target === '[::1]:1')).toBe(true)
  })

  it('are asked for only where they are names', async () => {
    const targets = ['192.0.2.7:80', '[2001:db8::7]:80']
    const nobody: Lookup = () => Promise.reject(new Error('asked'))
    expect(await resolveTargets(targets, never, nobody)).toEqual(targets)
  })

  it.each([
    ['unknown.example:1', /unknown\.example:1 cannot be resolved: ENOTFOUND/],
    ['empty.example:1', /it has no address/],
    ['no-port', /cannot be resolved/],
  ])('such as %s leave no builder ready: what cannot be resolved cannot be checked', async (target, message) => {
    await expect(resolveTargets(['192.0.2.7:80', target], never, find)).rejects.toMatchObject({
      code: 'builder_not_ready',
      cause: { message: expect.stringMatching(message) },
    })
  })

  it('are not waited for when the caller gives up', async () => {
    const caller = new AbortController()
    const reason = new Error('given up')
    const silent: Lookup = () => new Promise(() => {})
    const running = resolveTargets(['bus.example:1'], caller.signal, silent)
    caller.abort(reason)
    await expect(running).rejects.toBe(reason)
  })
})
