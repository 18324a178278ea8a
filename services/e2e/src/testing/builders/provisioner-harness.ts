import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuilderClass, ReleaseReason } from '@forkproof/contracts/builder'
import { BuilderEvent } from '@forkproof/contracts/events'
import { type BuildId, LeaseId, NodeId, ProjectId } from '@forkproof/contracts/ids'
import { consumers, streams, subjects } from '@forkproof/contracts/subjects'
import { buildIdOf, buildTokenSealKey, newBuildToken, openWithBuildToken } from '@forkproof/infra/seal'
import { freePort } from '@forkproof/local/running/free-ports'
import { afterFile } from '../after-file.ts'
import type { BuilderCredentials } from '../build-requests.ts'
import { type BusHarness, openBusHarness } from '../bus-harness.ts'
import { StartedProgram } from '../started-program.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { waitUntil } from '../wait-until.ts'

const eventMsMax = 60_000
const provisionerNodeId = NodeId.parse('node-1')
const main = fileURLToPath(import.meta.resolve('@forkproof/builder-provisioner/main'))

type BuilderEventKind = 'accepted' | 'ready' | 'failed' | 'destroyed'
type BuilderEventOf<K extends BuilderEventKind> = Extract<BuilderEvent, { type: `forkproof.builder.${K}.v1` }>

export interface RequestedLease {
  readonly leaseId: LeaseId
  readonly buildId: BuildId
  readonly ask: (changes?: { waitMs?: number; leaseMs?: number }) => Promise<void>
  readonly release: (reason?: ReleaseReason) => Promise<void>
  readonly event: <K extends BuilderEventKind>(kind: K) => Promise<BuilderEventOf<K>>
  readonly kinds: () => readonly string[]
  /** Files with which a client reaches the builder. */
  readonly credentials: () => Promise<BuilderCredentials>
}

/** The provisioner as a process of its own on a real bus, and this test in the place of the orchestrator. */
export class ProvisionerHarness {
  readonly folder: string
  readonly bus: BusHarness
  readonly events: BuilderEvent[] = []
  readonly #settings: NodeJS.ProcessEnv
  #program: StartedProgram | undefined
  readonly #orchestrator: Awaited<ReturnType<BusHarness['busOf']>>

  private constructor(
    folder: string,
    bus: BusHarness,
    orchestrator: Awaited<ReturnType<BusHarness['busOf']>>,
    settings: NodeJS.ProcessEnv,
  ) {
    this.folder = folder
    this.bus = bus
    this.#orchestrator = orchestrator
    this.#settings = settings
  }

  static async open(settings: NodeJS.ProcessEnv): Promise<ProvisionerHarness> {
    const folder = await temporaryFolder()
    const bus = await openBusHarness()
    afterFile(() => bus.close())
    const orchestrator = await bus.busOf('orchestrator')
    const port = await freePort()
    const service = new ProvisionerHarness(folder, bus, orchestrator, {
      FORKPROOF_NATS_URL: `nats://127.0.0.1:${bus.port}`,
      FORKPROOF_NATS_PASSWORD: bus.passwords.provisioner.reveal(),
      FORKPROOF_PROVISIONER_STATE_FOLDER: join(folder, 'builders'),
      FORKPROOF_PROVISIONER_PORT: String(port),
      ...settings,
    })
    const over = new AbortController()
    const options = { stream: streams.builders, consumer: consumers.builderEvents, concurrency: 8, signal: over.signal }
    const consuming = orchestrator.consume(options, async ({ text }) => {
      service.events.push(BuilderEvent.parse(JSON.parse(text)))
      return 'done'
    })
    afterFile(async () => {
      await service.kill()
      over.abort()
      await consuming
    })
    return service
  }

  async start(): Promise<void> {
    this.#program = new StartedProgram(process.execPath, [main], { env: this.#settings, cwd: this.folder })
    await this.#program.shows('"msg":"ready"')
  }

  get output(): string {
    return this.#program?.output ?? ''
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#program?.signal('SIGTERM', 'leader')
    return (await this.#program?.exited)?.code ?? null
  }

  /** SIGKILL of the service alone. */
  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL', 'leader')
    await this.#program?.exited
  }

  async lease(
    builderClass: BuilderClass = 'ephemeral',
    projectId = ProjectId.parse(`prj_${'a'.repeat(16)}`),
  ): Promise<RequestedLease> {
    const token = newBuildToken()
    const sealKey = buildTokenSealKey(token)
    const buildId = await buildIdOf(sealKey)
    const leaseId = LeaseId.parse(randomUUID())
    const ref = { buildId, leaseId, platform: 'linux/amd64' as const }
    const send = (subject: string, kind: string, data: object) => {
      const envelope = { specversion: '1.0', source: '/test', time: new Date().toISOString(), subject: buildId }
      const id = `${leaseId}:${kind}:${randomUUID()}`
      const type = `forkproof.builder.${kind}.v1`
      const text = JSON.stringify({
        ...envelope,
        id,
        type,
        datacontenttype: 'application/json',
        data: { ...ref, ...data },
      })
      return this.#orchestrator.store(subject, text, id)
    }
    const mine = () => this.events.filter(event => event.data.leaseId === leaseId)
    const event = <K extends BuilderEventKind>(kind: K) => this.#event(mine, kind)
    return {
      leaseId,
      buildId,
      kinds: () => mine().map(({ type }) => type.split('.')[2] ?? ''),
      event,
      ask: ({ waitMs = 120_000, leaseMs = 300_000 } = {}) => {
        const nowMs = Date.now()
        const times = { expiresAtMs: nowMs + waitMs, leaseEndsAtMs: nowMs + leaseMs }
        const wish = { projectId, builderClass, egress: 'none', sealKey, ...times }
        return send(subjects.builderRequest('linux/amd64', builderClass), 'requested', wish)
      },
      release: (reason = 'finished') =>
        send(subjects.builderRelease(provisionerNodeId), 'released', { nodeId: provisionerNodeId, reason }),
      credentials: async () => {
        const { connection } = (await event('ready')).data
        const key = await openWithBuildToken(connection.sealedClientKey ?? '', token)
        return writeFiles(join(this.folder, leaseId), { ...connection, key: key.reveal() })
      },
    }
  }

  async #event<K extends BuilderEventKind>(mine: () => readonly BuilderEvent[], kind: K): Promise<BuilderEventOf<K>> {
    const wanted = (event: BuilderEvent): event is BuilderEventOf<K> => event.type === `forkproof.builder.${kind}.v1`
    try {
      await waitUntil(`the event ${kind}`, () => mine().some(wanted), { msMax: eventMsMax, everyMs: 2 })
    } catch (cause) {
      throw new Error(`no ${kind}: ${JSON.stringify(mine())}\n${this.output.slice(-4_000)}`, { cause })
    }
    const found = mine().find(wanted)
    if (!found) throw new Error(`no ${kind}`)
    return found
  }
}

async function writeFiles(
  folder: string,
  of: { endpoint: string; serverName: string; caCertificate: string; clientCertificate: string; key: string },
): Promise<BuilderCredentials> {
  await mkdir(folder, { recursive: true })
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  return {
    endpoint: of.endpoint,
    serverName: of.serverName,
    ca: await file('ca.pem', of.caCertificate),
    certificate: await file('cert.pem', of.clientCertificate),
    key: await file('key.pem', of.key),
  }
}
