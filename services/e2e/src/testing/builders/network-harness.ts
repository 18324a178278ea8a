import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterFile } from '../after-file.ts'

const run = promisify(execFile)
const runMsMax = 20_000

/** What builders must never reach, as they would meet it behind a real uplink, and one address of the internet. */
export const fakeHosts = {
  internet: '198.51.100.1',
  otherInternet: '198.51.100.2',
  resolver: '198.51.100.53',
  /** The machine's own address on its uplink. */
  machine: '203.0.113.1',
  forbidden: [
    '169.254.169.254',
    '100.100.100.200',
    '10.66.0.1',
    '172.17.0.1',
    '192.168.77.1',
    '192.0.0.8',
    '198.18.0.9',
    '240.1.2.3',
  ],
} as const
export const fakeHostPort = 8080
const dnsPort = 53

/**
 * Two network namespaces without a way out: `uplink`, which forwards as a machine with builders does, and behind it one
 * in which every fake host listens.
 * What isolation fails to stop meets nothing else. Both are gone after the file.
 */
export async function openNetworkHarness(): Promise<{
  readonly uplink: string
  /** Runs a program in the uplink's network and returns what it says. */
  inUplink(program: string, ...args: string[]): Promise<string>
}> {
  const name = randomBytes(3).toString('hex')
  const [uplink, world] = [`fpt-uplink-${name}`, `fpt-world-${name}`]
  for (const one of [uplink, world]) {
    await ip('netns', 'add', one)
    afterFile(() => ip('netns', 'delete', one))
    await ip('-netns', one, 'link', 'set', 'lo', 'up')
  }
  await ip('link', 'add', 'name', 'near', 'netns', uplink, 'type', 'veth', 'peer', 'name', 'far', 'netns', world)
  await ip('-netns', uplink, 'address', 'add', `${fakeHosts.machine}/30`, 'dev', 'near')
  await ip('-netns', world, 'address', 'add', '203.0.113.2/30', 'dev', 'far')
  await ip('-netns', uplink, 'link', 'set', 'near', 'up')
  await ip('-netns', world, 'link', 'set', 'far', 'up')
  await ip('-netns', uplink, 'route', 'add', 'default', 'via', '203.0.113.2')
  const { internet, otherInternet, resolver, forbidden } = fakeHosts
  for (const address of [internet, otherInternet, resolver, ...forbidden]) {
    await ip('-netns', world, 'address', 'add', `${address}/32`, 'dev', 'lo')
  }
  const inUplink = async (program: string, ...args: string[]) =>
    (await run('nsenter', [`--net=/run/netns/${uplink}`, '--', program, ...args], { timeout: runMsMax })).stdout
  await inUplink('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
  await listenInNamespace(world, [fakeHostPort, dnsPort])
  await listenInNamespace(uplink, [fakeHostPort])
  return { uplink, inUplink }
}

/** Accepts TCP on every address of the namespace. */
async function listenInNamespace(namespace: string, ports: readonly number[]): Promise<void> {
  await listenIn(`/run/netns/${namespace}`, ports)
}

export async function listenIn(namespacePath: string, ports: readonly number[]): Promise<void> {
  const program = `
    const { createServer } = require('node:net')
    const ready = ${JSON.stringify(ports)}.map(port => new Promise(resolve => createServer(s => s.end()).listen(port, '0.0.0.0', resolve)))
    Promise.all(ready).then(() => console.log('listening'))`
  const child = spawn('nsenter', [`--net=${namespacePath}`, '--', process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  afterFile(async () => {
    const closed = once(child, 'close')
    if (child.kill('SIGKILL')) await closed
  })
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(runMsMax) })
}

const ip = (...args: string[]) => run('ip', args, { timeout: runMsMax })
