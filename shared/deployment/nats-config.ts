import { randomBytes } from 'node:crypto'
import { Secret } from '@forkproof/infra/secret'
import { type BusUser, busPermissions, busUsers } from './bus-permissions.ts'

const passwordBytes = 32
const payloadBytesMax = 1 << 20
const fileStoreBytesMax = 4 * 2 ** 30
const memoryStoreBytesMax = 64 * 2 ** 20
const connectionsMax = 128
const subscriptionsMax = 10_000

export type BusPasswords = Readonly<Record<BusUser, Secret<string>>>

/** 256 random bits per user. They live as long as one start of the bus. */
export function drawBusPasswords(): BusPasswords {
  const drawn = busUsers.map(user => [user, new Secret(randomBytes(passwordBytes).toString('base64url'))] as const)
  return Object.fromEntries(drawn) as Record<BusUser, Secret<string>>
}

interface NatsConfigOptions {
  readonly port: number
  /** Address to listen on; loopback when left out. */
  readonly host?: string
  readonly storeFolder: string
  readonly passwords: BusPasswords
}

/**
 * The server's configuration file; it holds the passwords. Each write is synced before it is acknowledged: by default
 * JetStream syncs every two minutes and loses acknowledged messages with the machine
 * (docs/facts/engines.md#acknowledged-writes).
 */
export function natsConfig({ port, host = '127.0.0.1', storeFolder, passwords }: NatsConfigOptions): string {
  return `server_name: forkproof
host: ${host}
port: ${port}
max_payload: ${payloadBytesMax}
max_connections: ${connectionsMax}
max_subscriptions: ${subscriptionsMax}
lame_duck_grace_period: 1s
lame_duck_duration: 30s
jetstream {
  store_dir: ${JSON.stringify(storeFolder)}
  sync_interval: always
  max_file_store: ${fileStoreBytesMax}
  max_memory_store: ${memoryStoreBytesMax}
}
accounts {
  BUS {
    jetstream: enabled
    exports: [
${indented(exportsOfBus())}
    ]
  }
${busUsers.map(user => account(user, passwords[user].reveal())).join('\n')}
}
`
}

/**
 * Each user lives alone in an account and reaches the streams only through imports. Permissions on subjects are not
 * enough: the server sends its answer to any reply subject that a request names, so a user who may read one bucket
 * could have the answer written into another stream of the same account. An import's answer stays in the account that
 * asked.
 */
function account(user: BusUser, password: string): string {
  const { publish, hears, draws, inbox } = busPermissions[user]
  const heard = hears.map(({ subject }) => subject)
  const told = listeners(user)
  const rights = `publish: ${listOf([...publish, ...draws.flatMap(subjectsOfDraw), ...told])}, subscribe: ${listOf([...heard, `${inbox}.>`])}`
  const imports = [
    ...[...publish, ...draws.flatMap(subjectsOfDraw)].map(
      subject => `{ service: { account: BUS, subject: ${JSON.stringify(subject)} } }`,
    ),
    ...hears.map(({ from, subject }) => `{ stream: { account: ${from}, subject: ${JSON.stringify(subject)} } }`),
  ]
  const exports = told.map(subject => `{ stream: ${JSON.stringify(subject)}, accounts: [${hearersOf(user, subject)}] }`)
  return `  ${user} {
    users: [{ user: ${user}, password: ${JSON.stringify(password)}, permissions: { ${rights} } }]
    imports: [
${indented(imports)}
    ]
    exports: [
${indented(exports)}
    ]
  }`
}

/** One export per subject, open to exactly the accounts whose table row names it. */
function exportsOfBus(): readonly string[] {
  const wanted = (user: BusUser) => [
    ...busPermissions[user].publish,
    ...busPermissions[user].draws.flatMap(subjectsOfDraw),
  ]
  const exported = [...new Set(busUsers.flatMap(wanted))]
  return exported.map(subject => {
    const accounts = busUsers.filter(user => wanted(user).includes(subject))
    // One request for messages has many answers: the messages, and the server's heartbeats.
    const response = subject.startsWith(nextMessages) ? ', response: stream' : ''
    return `{ service: ${JSON.stringify(subject)}, accounts: [${accounts.join(', ')}]${response} }`
  })
}

const nextMessages = '$JS.API.CONSUMER.MSG.NEXT.'
/** What drawing from a pull consumer takes: looking at it, asking for the next messages, and acknowledging them. */
const subjectsOfDraw = ({ stream, name }: { stream: string; name: string }): readonly string[] => [
  `$JS.API.CONSUMER.INFO.${stream}.${name}`,
  `${nextMessages}${stream}.${name}`,
  `$JS.ACK.${stream}.${name}.>`,
]

function listeners(speaker: BusUser): readonly string[] {
  const heard = busUsers.flatMap(user => busPermissions[user].hears).filter(({ from }) => from === speaker)
  return [...new Set(heard.map(({ subject }) => subject))]
}

function hearersOf(speaker: BusUser, subject: string): string {
  const hears = (user: BusUser) => busPermissions[user].hears.some(h => h.from === speaker && h.subject === subject)
  return busUsers.filter(hears).join(', ')
}

/** The server takes an empty allow list for "everything", so it is written as a denial of all. */
function listOf(subjects: readonly string[]): string {
  return subjects.length === 0 ? '{ deny: [">"] }' : `{ allow: ${JSON.stringify(subjects)} }`
}

function indented(lines: readonly string[]): string {
  return lines.map(line => `      ${line}`).join('\n')
}
