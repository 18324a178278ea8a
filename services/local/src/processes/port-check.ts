import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { allPids } from './process-identity.ts'

interface PortUse {
  readonly port: number
  readonly host: string
  /** Who wants it, in words: "gateway". */
  readonly purpose: string
  /** The setting that moves it elsewhere. */
  readonly setting: string
}

export class PortBusyError extends Error {
  constructor(busy: readonly { use: PortUse; owner: string | undefined }[]) {
    const lines = busy.map(
      ({ use, owner }) =>
        `port ${use.port} (${use.purpose}) is in use${owner === undefined ? '' : ` by ${owner}`}; choose another with ${use.setting}`,
    )
    super(lines.join('\n'))
    this.name = 'PortBusyError'
  }
}

/** Throws PortBusyError naming every port that cannot be bound now. Port 0 (any) is always free. */
export async function assertPortsFree(uses: readonly PortUse[]): Promise<void> {
  const busy: { use: PortUse; owner: string | undefined }[] = []
  for (const use of uses) {
    const twin = uses.find(other => other !== use && other.port === use.port && use.port !== 0)
    if (twin && uses.indexOf(twin) < uses.indexOf(use))
      busy.push({ use, owner: `${twin.purpose}, which was given the same port` })
    else if (!(await canBind(use.host, use.port))) busy.push({ use, owner: ownerOfPort(use.port) })
  }
  if (busy.length > 0) throw new PortBusyError(busy)
}

function canBind(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (err: NodeJS.ErrnoException) => {
      if (err.code === 'EADDRINUSE' || err.code === 'EACCES') resolve(false)
      else reject(err)
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** "process 4711 (node main.ts)" from /proc; undefined where that is not to be known (other user, other system). */
export function ownerOfPort(port: number): string | undefined {
  const sockets = listeningSockets(port)
  if (sockets.size === 0) return undefined
  const pid = allPids().find(candidate => holdsOneOf(candidate, sockets))
  if (pid === undefined) return undefined
  return `process ${pid} (${commandOf(pid)})`
}

function listeningSockets(port: number): ReadonlySet<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const links = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of readLines(table)) {
      const columns = row.trim().split(/\s+/)
      if (columns[1]?.endsWith(suffix) && columns[3] === '0A') links.add(`socket:[${columns[9]}]`)
    }
  }
  return links
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

function holdsOneOf(pid: number, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some(fd => sockets.has(linkOf(`${folder}/${fd}`)))
  } catch {
    return false
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Program and first argument only: later arguments may be private. */
function commandOf(pid: number): string {
  const words = readLines(`/proc/${pid}/cmdline`).join(' ').split('\0').filter(Boolean)
  return words.slice(0, 2).join(' ').slice(0, 120) || 'unknown program'
}
