import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { freePorts } from './free-ports.ts'

const run = promisify(execFile)

describe('free ports', () => {
  it('are different, and below those that the kernel gives to outgoing connections', async () => {
    const ports = await freePorts(50)
    expect(new Set(ports).size).toBe(50)
    for (const port of ports) expect(port).toBeGreaterThan(20_000)
    for (const port of ports) expect(port).toBeLessThan(32_000)
  })

  it('are never given to two processes', async () => {
    const code = `import('${import.meta.resolve('./free-ports.ts')}').then(async m => console.log(JSON.stringify(await m.freePorts(99))))`
    const draw = async (): Promise<number[]> => JSON.parse((await run(process.execPath, ['-e', code])).stdout)
    const [mine, ...others] = await Promise.all([freePorts(99), draw(), draw(), draw()])
    for (const other of others) expect(other.filter(port => mine.includes(port))).toEqual([])
  })

  it('refuse connections until somebody listens', async () => {
    const [port = 0] = await freePorts(1)
    const error = await new Promise(resolve => connect(port, '127.0.0.1').once('error', resolve))
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
