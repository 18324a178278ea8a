import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { BuilderCa, ClientCredentials } from '../../credentials/builder-ca.ts'
import type { TlsProxy } from '../tls-proxy.ts'

const answerMsMax = 5_000
const greeting = 'knock'

/** How a client with these credentials connects to this builder. */
export function clientOptions(proxy: TlsProxy, ca: BuilderCa, client?: ClientCredentials): ConnectionOptions {
  return {
    ...proxyAddress(proxy),
    servername: ca.serverName,
    ca: ca.caCertificate,
    ALPNProtocols: ['h2'],
    ...(client && { cert: client.clientCertificate, key: client.clientKey?.reveal() }),
  }
}

export function proxyAddress(proxy: TlsProxy): { host: string; port: number } {
  const url = new URL(proxy.endpoint)
  return { host: url.hostname, port: Number(url.port) }
}

/**
 * Connects and sends a few bytes. With TLS 1.3 a client takes itself for connected before its certificate is checked:
 * only an echo from the builder proves that it got in.
 * @throws with what the client saw when it is refused
 */
export function connectAndEcho(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => socket.write(greeting))
    let error: Error | undefined
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error('no answer')))
    socket.on('error', seen => {
      error = seen
    })
    socket.once('close', () => reject(new Error('refused', { cause: error })))
    socket.once('data', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}
