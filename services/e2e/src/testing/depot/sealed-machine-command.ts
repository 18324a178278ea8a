import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/**
 * Runs a program on a machine that has only loopback. Start it in a network namespace of its own: then the unix sockets
 * are the only way out, whatever the program tries.
 * Arguments: the file with certificate and key; the ports with their sockets, `tls:443=/a,8081=/b`; then the program.
 */
const [certificate = '', relays = '', program = '', ...args] = process.argv.slice(2)

const relayTo = (path: string) => (inner: Socket) => {
  const outer = connect(path)
  inner.on('error', () => outer.destroy())
  outer.on('error', () => inner.destroy())
  inner.pipe(outer).pipe(inner)
}

const listening = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })

const pem = readFileSync(certificate)
const tls = { cert: pem, key: pem, ALPNProtocols: ['http/1.1'] }
for (const relay of relays.split(',')) {
  const [, secure, port, path = ''] = /^(tls:)?(\d+)=(.+)$/.exec(relay) ?? []
  const server = secure ? createTlsServer(tls, relayTo(path)) : createPlainServer(relayTo(path))
  await listening(server, Number(port))
}
const child = spawn(program, args, { stdio: 'inherit' })
child.once('error', error => {
  process.stderr.write(`${error.message}\n`)
  process.exit(127)
})
child.once('exit', code => process.exit(code ?? 1))
