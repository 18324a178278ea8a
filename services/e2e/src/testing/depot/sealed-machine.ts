import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterFile } from '../after-file.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const run = promisify(execFile)
const commandMsMax = 20_000

/** The issuer's host as a constant of the CLI. It is mapped to loopback, like every other host the CLI may call. */
export const claimHost = 'actions-public-oidc.depot.dev'
const hosts = [claimHost, 'api.depot.dev', 'depot.dev', 'github.com', 'api.github.com', 'o1152282.ingest.sentry.io']

export interface SealedMachine {
  /** A shell line that runs the unmodified CLI in the namespaces. */
  readonly command: (args: string) => string
  readonly env: Readonly<Record<string, string>>
}

/**
 * Private mount and network namespaces in which the CLI finds our gateway where it expects Depot's issuer.
 * It also reaches loopback ports of the machine under their own numbers (`ports`), and the API at `api`: a unix socket
 * or one of those ports.
 */
export async function openSealedMachine(
  gatewayPort: number,
  { api, ports = [] }: { api: { socket: string } | { port: number }; ports?: readonly number[] },
): Promise<SealedMachine> {
  await assertNamespaces()
  const folder = await temporaryFolder()
  const at = (name: string) => join(folder, name)
  await writeFile(at('hosts'), ['127.0.0.1 localhost', ...hosts.map(host => `127.0.0.1 ${host}`)].join('\n'))
  await makeCertificate(at('certificate.pem'))
  await relaySocket(at('gateway.sock'), gatewayPort)
  const relays = [`tls:443=${at('gateway.sock')}`]
  const reachable = 'port' in api ? [...ports, api.port] : ports
  for (const port of new Set(reachable)) {
    await relaySocket(at(`${port}.sock`), port)
    relays.push(`${port}=${at(`${port}.sock`)}`)
  }
  if ('socket' in api) relays.push(`8081=${api.socket}`)
  const inner = fileURLToPath(new URL('./sealed-machine-command.ts', import.meta.url))
  const words = [process.execPath, inner, at('certificate.pem'), relays.join(','), depotProgram].map(quoted)
  const sealed = `mount --bind '${at('hosts')}' /etc/hosts && ip link set lo up && exec "$@"`
  return {
    command: args => `unshare ${unshareFlags().join(' ')} sh -c ${quoted(sealed)} sh ${words.join(' ')} ${args}`,
    env: {
      SSL_CERT_FILE: at('certificate.pem'),
      DEPOT_API_URL: `http://127.0.0.1:${'port' in api ? api.port : 8081}`,
      DEPOT_PROJECT_ID: 'project-1',
      DEPOT_ERROR_TELEMETRY: '0',
      DEPOT_NO_UPDATE_NOTIFIER: '1',
      DEPOT_DISABLE_OTEL: '1',
      DEPOT_NO_SUMMARY_LINK: '1',
      DEPOT_DEBUG_OIDC: '1',
    },
  }
}

/** The unmodified client, from its npm package. */
export const depotProgram = fileURLToPath(import.meta.resolve('@depot/cli-linux-x64/bin/depot'))

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** Root needs no user namespace. Others need one, where the system allows it. */
const unshareFlags = () => ['--mount', '--net', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])]

/** The suite is never skipped. Where it cannot run, it says what it needs. */
async function assertNamespaces(): Promise<void> {
  try {
    await run('unshare', [...unshareFlags(), 'ip', 'link', 'set', 'lo', 'up'], { timeout: commandMsMax })
  } catch (cause) {
    throw new Error(
      'the depot CLI is tested in private mount and network namespaces: run the tests as root (or allow unprivileged user namespaces), with unshare (util-linux) and ip (iproute2) installed',
      { cause },
    )
  }
}

/** Makes key and self-signed certificate in one file, which is also the CLI's only trusted root. */
async function makeCertificate(file: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = ['-subj', '/CN=claim host of a test', '-addext', `subjectAltName=DNS:${claimHost}`]
  const args = ['req', '-x509', ...key, ...names, '-days', '2', '-keyout', `${file}.key`, '-out', `${file}.crt`]
  await run('openssl', args, { timeout: commandMsMax })
  const [certificate, privateKey] = await Promise.all([`${file}.crt`, `${file}.key`].map(name => readFile(name)))
  await writeFile(file, Buffer.concat([certificate ?? Buffer.alloc(0), privateKey ?? Buffer.alloc(0)]), { mode: 0o600 })
}

async function relaySocket(path: string, port: number): Promise<void> {
  const server = createServer(inner => {
    const outer = connect(port, '127.0.0.1')
    inner.on('error', () => outer.destroy())
    outer.on('error', () => inner.destroy())
    inner.pipe(outer).pipe(inner)
  })
  afterFile(() => void server.close())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}
