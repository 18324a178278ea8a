import { createServer, type Server } from 'node:net'
import type { Ports } from './service-environment.ts'

/**
 * Ports for tests and benchmarks; those of a user are fixed. They lie below the range that the kernel gives to outgoing
 * connections (`ip_local_port_range` starts at 32768): a connection of any process could take one of those before it is
 * used. Each process draws from a block of its own, which it holds by listening on the block's first port.
 */
const rangeStart = 20_000
const rangeEnd = 32_000
const blockSize = 100
const blocks = (rangeEnd - rangeStart) / blockSize

interface Block {
  readonly holder: Server
  readonly first: number
  next: number
}
let block: Promise<Block> | undefined

/** Ports that are free now, all different, and that no other process will draw. @throws when none is left */
export async function freePorts(count: number): Promise<number[]> {
  block ??= takeBlock()
  const own = await block
  const found: number[] = []
  // Twice around the block: a port that an earlier caller has given back is as good as a new one.
  for (let tries = 0; found.length < count && tries < 2 * blockSize; tries++) {
    own.next = (own.next % (blockSize - 1)) + 1
    const port = own.first + own.next
    const probe = found.includes(port) ? undefined : await listen(port)
    if (!probe) continue
    await new Promise(resolve => probe.close(resolve))
    found.push(port)
  }
  if (found.length < count) throw new Error(`no ${count} free ports from ${own.first} on`)
  return found
}

/** A port for each part of a system. */
export async function freePortSet(): Promise<Ports> {
  const [gateway = 0, simulator = 0, temporal = 0, temporalUi = 0, nats = 0, builders = 0, depot = 0] =
    await freePorts(7)
  return { gateway, simulator, temporal, temporalUi, nats, builders, depot }
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no port')
  return port
}

async function takeBlock(): Promise<Block> {
  for (let tried = 0; tried < blocks; tried++) {
    const first = rangeStart + ((process.pid + tried) % blocks) * blockSize
    const holder = await listen(first)
    if (holder) return { holder: holder.unref(), first, next: 0 }
  }
  throw new Error(`no free block of ports between ${rangeStart} and ${rangeEnd}`)
}

/** `undefined` when the port is taken. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (err: NodeJS.ErrnoException) => {
      if (err.code === 'EADDRINUSE') resolve(undefined)
      else reject(err)
    })
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
