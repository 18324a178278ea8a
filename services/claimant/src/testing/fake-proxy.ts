import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'

/** A forward proxy on loopback: tunnels (RFC 9110 section 9.3.6) and plain requests. */
export interface FakeProxy {
  readonly port: number
  /** What it was asked: `CONNECT host:port` or `GET http://…`, in order; also what it refused. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/**
 * Whatever host is asked for, a tunnel leads to `targetPort` on this machine: so a name that exists nowhere can only be
 * reached through the proxy.
 * @param credentials `user:password`; without them everybody may use it
 */
export async function startFakeProxy(targetPort: number, credentials?: string): Promise<FakeProxy> {
  const asked: string[] = []
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  const admits = (given: string | undefined) => expected === undefined || given === expected
  const server = createServer((incoming, answer) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    if (!admits(incoming.headers['proxy-authorization'])) return void answer.writeHead(407).end()
    const { method, headers } = incoming
    const { pathname, search } = new URL(incoming.url ?? '')
    const onwards = request({ port: targetPort, method, headers, path: `${pathname}${search}` }, from => {
      answer.writeHead(from.statusCode ?? 502, from.headers)
      from.pipe(answer)
    })
    onwards.on('error', () => answer.destroy())
    incoming.pipe(onwards)
  })
  server.on('connect', (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`)
    socket.on('error', () => undefined)
    if (!admits(incoming.headers['proxy-authorization'])) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n')
    }
    const onwards = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onwards.pipe(socket)
      socket.pipe(onwards)
    })
    onwards.on('error', () => socket.destroy())
    socket.on('close', () => onwards.destroy())
    server.once('close', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
