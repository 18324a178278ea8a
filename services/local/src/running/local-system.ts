import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { busResources } from '@forkproof/contracts/bus'
import { type BusPasswords, drawBusPasswords } from '@forkproof/deployment/nats-config'
import type { ServiceKeys } from '@forkproof/deployment/service-keys'
import { provisionBus } from '@forkproof/infra/bus-provision'
import { Secret } from '@forkproof/infra/secret'
import type { GroupProcess } from '../processes/group-process.ts'
import { assertPortsFree } from '../processes/port-check.ts'
import { readyLogLine } from '../processes/readiness.ts'
import type { StateFolder } from '../processes/state-folder.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { startNats } from '../servers/nats.ts'
import { startTemporal } from '../servers/temporal.ts'
import type { Progress } from '../tools/progress.ts'
import type { Programs } from './programs.ts'
import {
  type Addresses,
  addressesOf,
  type Ports,
  type ServiceEnvironment,
  type ServiceName,
  serviceEnvironment,
  serviceNames,
} from './service-environment.ts'

export interface LocalSystemOptions {
  readonly ports: Ports
  readonly state: StateFolder
  readonly programs: Programs
  readonly keys: ServiceKeys
  readonly supervisor: Supervisor
  readonly progress: Progress
  /** Folders of published Actions on this machine, by the name that a workflow uses. */
  readonly actions?: Readonly<Record<string, string>>
  /** Settings besides the usual ones, per service. */
  readonly extra?: Partial<Record<ServiceName, ServiceEnvironment>>
  /** Services that are left out, for tests that do not use them. */
  readonly without?: readonly ServiceName[]
  /** Without the web UI, for tests. */
  readonly headless?: boolean
}

/** A provisioner that stops destroys every builder first, and takes up to 20 s for it. */
const builderStopMsMax = 22_000

export type PartName = ServiceName | 'temporal' | 'nats'

/**
 * The whole system on one machine (docs/glossary.md: local system).
 * Each part is a process of its own and can be stopped, killed and started again by name.
 */
export class LocalSystem {
  readonly addresses: Addresses
  readonly keys: ServiceKeys
  readonly busPasswords: BusPasswords = drawBusPasswords()
  readonly programs: Programs
  /** Opens the gateway's API for projects and trust. It is drawn anew at each start, as the passwords are. */
  readonly operatorToken = new Secret(randomBytes(32).toString('base64url'))
  readonly #options: LocalSystemOptions
  readonly #running = new Map<PartName, GroupProcess>()

  constructor(options: LocalSystemOptions) {
    this.#options = options
    this.addresses = addressesOf(options.ports)
    this.keys = options.keys
    this.programs = options.programs
  }

  /** Starts everything: the servers side by side, then the bus's streams, then the services side by side. */
  async start(signal?: AbortSignal): Promise<void> {
    const { progress, without = [] } = this.#options
    await assertPortsFree(this.#portUses())
    await progress.step('starting Temporal and NATS', () =>
      Promise.all([this.startPart('temporal', signal), this.startPart('nats', signal)]),
    )
    await this.provision()
    await progress.step('starting the services', () =>
      Promise.all(serviceNames.filter(name => !without.includes(name)).map(name => this.startPart(name, signal))),
    )
  }

  async provision(): Promise<void> {
    const { nats } = this.addresses
    await provisionBus({ servers: nats, user: 'admin', password: this.busPasswords.admin, resources: busResources() })
  }

  async startPart(name: PartName, signal?: AbortSignal): Promise<void> {
    const { supervisor, ports, state, programs } = this.#options
    const shared = { stateFolder: state.path }
    if (name === 'temporal') {
      const ui = this.#options.headless ? {} : { uiPort: ports.temporalUi }
      const options = { ...shared, ...ui, program: programs.temporal, port: ports.temporal }
      this.#running.set(name, (await startTemporal(supervisor, options, signal)).child)
    } else if (name === 'nats') {
      const options = { ...shared, program: programs.natsServer, port: ports.nats, passwords: this.busPasswords }
      this.#running.set(name, (await startNats(supervisor, options, signal)).child)
    } else this.#running.set(name, await this.#startService(name, signal))
  }

  /** Ends a part in order (SIGTERM). */
  async stopPart(name: PartName): Promise<void> {
    await this.#options.supervisor.stop(this.part(name))
  }

  /** Ends a part as a crash would; resolves when it is gone. */
  async killPart(name: PartName): Promise<void> {
    const part = this.part(name)
    part.kill('SIGKILL')
    await part.exited
  }

  /** Whether it was started. Parts that a test leaves out never are. */
  isRunning(name: PartName): boolean {
    return this.#running.has(name)
  }

  part(name: PartName): GroupProcess {
    const part = this.#running.get(name)
    if (!part) throw new Error(`${name} was never started`)
    return part
  }

  #startService(name: ServiceName, signal?: AbortSignal): Promise<GroupProcess> {
    const { supervisor, extra, ports, keys, programs, state, actions = {} } = this.#options
    // Jobs run below the state folder, so that a simulator which is killed leaves nothing elsewhere.
    const own = name === 'github-simulator' ? { FORKPROOF_SIMULATOR_WORK_DIRECTORY: join(state.path, 'jobs') } : {}
    return supervisor.start(
      {
        name,
        command: process.execPath,
        args: [fileURLToPath(new URL(`../../../${name}/src/main.ts`, import.meta.url))],
        environment: {
          ...serviceEnvironment(name, {
            ...{ ports, keys, actions, programs },
            passwords: this.busPasswords,
            operatorToken: this.operatorToken,
            stateFolder: state.path,
          }),
          ...own,
          ...extra?.[name],
        },
        ready: readyLogLine,
        // Everything starts at once on a cold cache; a small machine needs its time.
        readyMsMax: 90_000,
        ...(name === 'builder-provisioner' && { stopMsMax: builderStopMsMax }),
      },
      signal,
    )
  }

  #portUses() {
    const { ports, headless } = this.#options
    const use = (port: number, purpose: string, setting: string) => ({ port, purpose, setting, host: '127.0.0.1' })
    return [
      use(ports.gateway, 'gateway', 'FORKPROOF_GATEWAY_PORT'),
      use(ports.simulator, 'GitHub simulator', 'FORKPROOF_SIMULATOR_PORT'),
      use(ports.temporal, 'Temporal', 'FORKPROOF_TEMPORAL_PORT'),
      use(ports.nats, 'NATS', 'FORKPROOF_NATS_PORT'),
      use(ports.builders, 'builders’ front door', 'FORKPROOF_PROVISIONER_PORT'),
      use(ports.depot, 'Depot-compatible API', 'FORKPROOF_GATEWAY_DEPOT_PORT'),
      ...(headless ? [] : [use(ports.temporalUi, 'Temporal UI', 'FORKPROOF_TEMPORAL_UI_PORT')]),
    ]
  }
}
