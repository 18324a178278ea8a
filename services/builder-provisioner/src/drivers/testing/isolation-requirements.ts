import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { cgroupNames, type Requirements } from './conformance-suite.ts'

export const isolationRequirements: Requirements = {
  'reaches neither metadata, private networks, the host nor its own loopback’s neighbours': async suite => {
    const { unreachable } = suite.buildkit
    const builder = await suite.create()
    expect(unreachable.length).toBeGreaterThan(0)
    const result = await suite.build(builder, ['unreachable', unreachable.join(',')])
    expect(result, result.output).toMatchObject({ code: 0 })
  },

  'has no listener of BuildKit on any TCP port to talk to': async suite => {
    const builder = await suite.create()
    const pid = await suite.pidOf(builder.id, 'buildkitd')
    const tables = await Promise.all(['tcp', 'tcp6'].map(table => readFile(`/proc/${pid}/net/${table}`, 'utf8')))
    const listening = tables.flatMap(table => table.split('\n')).filter(line => line.trim().split(/\s+/)[3] === '0A')
    expect(listening).toEqual([])
  },

  'sees its own processes, mounts and loopback only, and not the socket of BuildKit’s interface': async suite => {
    const [first, second] = [await suite.create(), await suite.create()]
    await suite.expectServes(second)
    const { output } = await suite.build(first, ['whoami'])
    const seen: unknown = JSON.parse(/\{.*\}/.exec(output)?.[0] ?? 'null')
    expect(seen).toMatchObject({ links: ['lo'], processes: ['/probe whoami'] })
    const text = JSON.stringify(seen)
    expect(text).not.toContain('buildkitd.sock')
    expect(text).not.toContain(second.id)
    expect(text).not.toMatch(/"uidMap":\["0","0"/)
  },

  'gains nothing by what a client may ask for: privileges, the host’s network, a cgroup elsewhere, a foreign frontend':
    async suite => {
      const builder = await suite.create()
      const ask = (args: string[], dockerfile?: string) =>
        suite.hello(builder, { ...(dockerfile !== undefined && { dockerfile }), args: ['--no-cache', ...args] })
      const entitled = await Promise.all(['security.insecure', 'network.host'].map(one => ask(['--allow', one])))
      for (const refused of entitled)
        expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('is not allowed') })
      expect((await ask([], '# syntax=example.test/frontend:1\nFROM scratch\nCOPY probe /probe\n')).code).not.toBe(0)
      const cgroup = `fpparent${randomBytes(4).toString('hex')}`
      await ask(['--opt', `cgroup-parent=/${cgroup}`])
      expect((await cgroupNames()).filter(name => name.includes(cgroup))).toEqual([])
      await suite.expectServes(builder)
    },
}
