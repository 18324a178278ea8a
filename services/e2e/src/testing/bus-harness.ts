import { busResources } from '@forkproof/contracts/bus'
import { type BusUser, busPermissions, busUsers } from '@forkproof/deployment/bus-permissions'
import { drawBusPasswords } from '@forkproof/deployment/nats-config'
import { type Bus, connectBus } from '@forkproof/infra/bus'
import { provisionBus } from '@forkproof/infra/bus-provision'
import { createLogger } from '@forkproof/infra/log'
import { freePort } from '@forkproof/local/running/free-ports'
import { startNats } from '@forkproof/local/servers/nats'
import { NatsWire } from './nats-wire.ts'
import { openServerHarness } from './server-harness.ts'

const log = createLogger({ service: 'test' })

/** A real, provisioned bus with a few entries, a protocol connection per user, and library connections on demand. */
export interface BusHarness {
  readonly port: number
  readonly passwords: ReturnType<typeof drawBusPasswords>
  readonly signer: Bus
  readonly wireOf: (user: BusUser) => NatsWire
  readonly busOf: (user: BusUser) => Promise<Bus>
  readonly provision: () => Promise<void>
  /** Sequence of the last message of a stream. */
  readonly lastSequence: (stream: string) => Promise<number>
  readonly close: () => Promise<void>
}

export async function openBusHarness(): Promise<BusHarness> {
  const harness = await openServerHarness()
  const passwords = drawBusPasswords()
  const port = await freePort()
  const program = await harness.program('nats-server')
  const { url } = await startNats(harness.supervisor, { program, port, stateFolder: harness.folder, passwords })
  const open: { close: () => unknown }[] = []
  const busOf = async (user: BusUser) => {
    const bus = await connectBus({ servers: url, user, password: passwords[user], log })
    open.push(bus)
    return bus
  }
  const provision = () =>
    provisionBus({ servers: url, user: 'admin', password: passwords.admin, resources: busResources() })
  await provision()
  const signer = await busOf('signer')
  await (await signer.bucket('jwks')).create('current', '{"keys":[]}')
  await (await signer.bucket('signing-keys')).create('k1', 'wrapped key')
  await signer.append({ subject: 'forkproof.issuance.token', text: 'first', messageId: 'first', lastSequence: 0 })
  const wires = {} as Record<BusUser, NatsWire>
  for (const user of busUsers) {
    wires[user] = await NatsWire.open(port, user, passwords[user].reveal(), busPermissions[user].inbox)
    open.push(wires[user])
  }
  return {
    port,
    passwords,
    signer,
    busOf,
    provision,
    wireOf: user => wires[user],
    lastSequence: async stream => {
      const info = await wires.admin.request(`$JS.API.STREAM.INFO.${stream}`)
      return (JSON.parse(info) as { state: { last_seq: number } }).state.last_seq
    },
    close: async () => {
      for (const connection of open.reverse()) await connection.close()
      await harness.close()
    },
  }
}
