import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupIsRunning, identityOf, isRunning } from './process-identity.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkproof-orphans-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const supervisorModule = fileURLToPath(new URL('./supervisor.ts', import.meta.url))
const stubborn = `trap '' TERM; sleep 1000 & echo '{"msg":"ready"}'; while :; do sleep 1; done`

/** A parent that starts one obedient and one stubborn child, and then waits for its end. */
const parentSource = `
import { writeFileSync } from 'node:fs'
import { Supervisor } from ${JSON.stringify(supervisorModule)}
const [folder] = process.argv.slice(1)
const supervisor = await Supervisor.open(folder)
const spec = (name, script) => ({ name, command: '/bin/sh', args: ['-c', script], environment: { PATH: '/usr/bin:/bin' }, ready: { kind: 'log-line' } })
const obedient = await supervisor.start(spec('obedient', 'echo \\'{"msg":"ready"}\\'; exec sleep 1000'))
const stubborn = await supervisor.start(spec('stubborn', ${JSON.stringify(stubborn)}))
writeFileSync(folder + '/pids', JSON.stringify([obedient.pid, stubborn.pid, supervisor.watchdog.pid]))
setInterval(() => {}, 1000)
`

test('after kill -9 of the parent its children, their children and the watchdog are gone', async () => {
  const args = ['--input-type=module', '--eval', parentSource, '--', folder]
  const parent = spawn(process.execPath, args, { stdio: 'inherit' })
  const pidsFile = join(folder, 'pids')
  await expect.poll(() => readFile(pidsFile, 'utf8').catch(() => ''), { timeout: 15_000 }).toContain(']')
  const pids = JSON.parse(await readFile(pidsFile, 'utf8')) as number[]
  expect(pids.every(groupIsRunning)).toBe(true)
  parent.kill('SIGKILL')
  // The stubborn one costs the watchdog its whole grace of five seconds.
  await expect.poll(() => pids.some(groupIsRunning), { timeout: 12_000, interval: 50 }).toBe(false)
  expect(pids.some(pid => isRunning(identityOf(pid)))).toBe(false)
})
