import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { assertPortsFree, ownerOfPort, PortBusyError } from './port-check.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function busyPort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host)
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const use = (port: number, purpose = 'gateway') => ({
  port,
  host: '127.0.0.1',
  purpose,
  setting: 'FORKPROOF_GATEWAY_PORT',
})

test('free ports pass', async () => {
  const port = await busyPort()
  const server = servers.pop()
  server?.close()
  await once(server ?? createServer(), 'close')
  await expect(assertPortsFree([use(port), use(0), use(0)])).resolves.toBeUndefined()
})

test('a busy port is named with its setting and the process that holds it', async () => {
  const port = await busyPort()
  const failure = await assertPortsFree([use(port)]).catch((err: unknown) => err)
  expect(failure).toBeInstanceOf(PortBusyError)
  const { message } = failure as Error
  expect(message).toContain(`port ${port} (gateway) is in use by process ${process.pid} (`)
  expect(message).toContain('choose another with FORKPROOF_GATEWAY_PORT')
})

test('a port that somebody holds on all addresses counts as busy', async () => {
  const port = await busyPort('0.0.0.0')
  await expect(assertPortsFree([use(port)])).rejects.toThrow(PortBusyError)
})

test('every busy port is reported, not only the first', async () => {
  const ports = [await busyPort(), await busyPort()]
  const failure = await assertPortsFree(ports.map(port => use(port))).catch((err: unknown) => err)
  expect((failure as Error).message.split('\n')).toHaveLength(2)
})

test('one port for two purposes is found before anything starts', async () => {
  const port = await busyPort()
  const server = servers.pop()
  server?.close()
  await once(server ?? createServer(), 'close')
  await expect(assertPortsFree([use(port), use(port, 'simulator')])).rejects.toThrow(
    `port ${port} (simulator) is in use by gateway, which was given the same port`,
  )
})

test('nobody owns a port that is not listened on', () => {
  expect(ownerOfPort(1)).toBeUndefined()
})
