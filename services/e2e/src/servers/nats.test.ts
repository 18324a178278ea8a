import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { busResources } from '@forkproof/contracts/bus'
import { busUsers } from '@forkproof/deployment/bus-permissions'
import { drawBusPasswords, natsConfig } from '@forkproof/deployment/nats-config'
import { connectBus } from '@forkproof/infra/bus'
import { provisionBus } from '@forkproof/infra/bus-provision'
import { createLogger } from '@forkproof/infra/log'
import { freePort } from '@forkproof/local/running/free-ports'
import { startNats } from '@forkproof/local/servers/nats'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openServerHarness, type ServerHarness } from '../testing/server-harness.ts'

let harness: ServerHarness
beforeEach(async () => {
  harness = await openServerHarness()
})
afterEach(() => harness.close())

const options = async () => ({
  program: await harness.program('nats-server'),
  port: await freePort(),
  stateFolder: harness.folder,
  passwords: drawBusPasswords(),
})

test('what was acknowledged is there after kill -9 and a restart, for clients that stayed', async () => {
  const given = await options()
  const { url, child } = await startNats(harness.supervisor, given)
  await provisionBus({ servers: url, user: 'admin', password: given.passwords.admin, resources: busResources() })
  const log = createLogger({ service: 'test' })
  const bus = await connectBus({ servers: url, user: 'signer', password: given.passwords.signer, log })
  const bucket = await bus.bucket('minted')
  await bucket.create('claim', 'token id')
  child.kill('SIGKILL')
  await child.exited
  await expect.poll(bus.isUp).toBe(false)
  await startNats(harness.supervisor, given)
  await expect.poll(bus.isUp, { timeout: 10_000 }).toBe(true)
  expect(await bucket.get('claim')).toMatchObject({ value: 'token id' })
  await bus.close()
})

test('the file with the passwords is the user’s alone, and the log has none of them', async () => {
  const given = await options()
  await startNats(harness.supervisor, given)
  expect((await stat(join(harness.folder, 'nats', 'server.conf'))).mode & 0o777).toBe(0o600)
  const printed = await readFile(join(harness.folder, 'nats.log'), 'utf8')
  for (const user of busUsers) expect(printed).not.toContain(given.passwords[user].reveal())
})

test('a busy port is an early end with the server’s own words', async () => {
  const given = await options()
  const squatter = createServer().listen(given.port, '127.0.0.1')
  await expect.poll(() => squatter.listening).toBe(true)
  await expect(startNats(harness.supervisor, given)).rejects.toThrow(/nats ended before it was ready[\s\S]*in use/)
  squatter.close()
})

test('every start draws new passwords', () => {
  const [first, second] = [drawBusPasswords(), drawBusPasswords()]
  const all = [first, second].flatMap(passwords => busUsers.map(user => passwords[user].reveal()))
  expect(new Set(all).size).toBe(2 * busUsers.length)
})

test('each write is synced, and only this machine can connect', () => {
  const text = natsConfig({ port: 4222, storeFolder: '/state', passwords: drawBusPasswords() })
  expect(text).toContain('sync_interval: always')
  expect(text).toMatch(/^host: 127\.0\.0\.1$/m)
})

test('no account but the bus’s own has streams, and nobody lives in that one', () => {
  const text = natsConfig({ port: 4222, storeFolder: '/state', passwords: drawBusPasswords() })
  expect(text.match(/jetstream: enabled/g)).toHaveLength(1)
  expect(/BUS \{([\s\S]*?)\n {2}\}/.exec(text)?.[1]).not.toContain('users')
})

test('no user has an empty list of permissions, which the server takes for everything', () => {
  const text = natsConfig({ port: 4222, storeFolder: '/state', passwords: drawBusPasswords() })
  const rights = String.raw`\{ (?:allow: \[".+?"\]|deny: \[">"\]) \}`
  for (const user of busUsers) {
    const line = new RegExp(`user: ${user},.*`).exec(text)?.[0]
    expect(line, user).toMatch(new RegExp(`permissions: \\{ publish: ${rights}, subscribe: ${rights} \\}`))
  }
})
