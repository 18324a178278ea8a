import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'

const graceMs = 1_000
const module = new URL('./command-guard.ts', import.meta.url).href
/** Guards the process whose number it is given. A line on its input: that one is over. */
const guarding = `
  const { guardCommand } = await import(${JSON.stringify(module)})
  const release = guardCommand(Number(process.argv[1]), ${graceMs})
  process.stdin.once('data', () => { release(); process.stdout.write('released') })
  process.stdout.write('guarding')
`
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function begin(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}
const commandThat = (does: string) =>
  begin(process.execPath, ['-e', `${does}; process.stdout.write('ready'); setInterval(() => undefined, 1_000)`])
const guardOf = ({ pid }: ChildProcess) => begin(process.execPath, ['--input-type=module', '-e', guarding, String(pid)])

describe('a command whose starter is killed', () => {
  it('is asked to end', async () => {
    const command = await commandThat("process.on('SIGTERM', () => process.exit(7))")
    const starter = await guardOf(command)
    const ended = once(command, 'exit')
    starter.kill('SIGKILL')
    expect(await ended).toEqual([7, null])
  })

  it('is made to end, when it does not want to', async () => {
    const command = await commandThat("process.on('SIGTERM', () => undefined)")
    const starter = await guardOf(command)
    const ended = once(command, 'exit')
    starter.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])
  })

  it('is left alone once it was let go: its number may be another’s by then', async () => {
    const command = await commandThat("process.on('SIGTERM', () => process.exit(7))")
    const starter = await guardOf(command)
    starter.stdin.write('\n')
    await once(starter.stdout, 'data')
    // A second guard in the same place tells when the first one would have acted.
    const other = await commandThat("process.on('SIGTERM', () => process.exit(7))")
    const otherStarter = await guardOf(other)
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    const ended = once(other, 'exit')
    otherStarter.kill('SIGKILL')
    await ended
    expect(command.exitCode).toBeNull()
  })
})
