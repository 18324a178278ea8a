import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/**
 * Runs a program on what looks to it like a machine with nothing but loopback: port 443 is the gateway behind TLS, port 8081 the build
 * service. It is to be started in a network namespace of its own, so nothing else can be reached whatever the program tries; the two
 * unix sockets are the only way out. Arguments: certificate and key, socket of the gateway, socket of the build service, then the program.
 */
const [certificate = '', gatewaySocket = '', buildSocket = '', program = '', ...args] = process.argv.slice(2)

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
await listening(createTlsServer(tls, relayTo(gatewaySocket)), 443)
await listening(createPlainServer(relayTo(buildSocket)), 8081)
const child = spawn(program, args, { stdio: 'inherit' })
child.once('error', error => {
  process.stderr.write(`${error.message}\n`)
  process.exit(127)
})
child.once('exit', code => process.exit(code ?? 1))
