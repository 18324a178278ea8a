import type { Platform } from '@forkproof/contracts/builder'
import type { NodeId } from '@forkproof/contracts/ids'
import type { Bus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { Announcer } from './announcement/announcer.ts'
import { describeNode } from './announcement/describe-node.ts'
import { SupportedBuilders } from './announcement/supported-builders.ts'
import { BuilderPool } from './builders/builder-pool.ts'
import { createCommands, leaseMsMax } from './commands/commands.ts'
import { CommandConsumers } from './commands/consume-commands.ts'
import type { CreateBuilderCa } from './credentials/builder-ca.ts'
import type { BuilderLimits, Driver } from './drivers/driver.ts'
import { LeaseStore } from './leases/lease-store.ts'
import { BuilderNode } from './node.ts'
import type { TlsProxy } from './proxy/tls-proxy.ts'
import type { CheckReady } from './readiness/builder-readiness.ts'
import { AverageDuration } from './reconcile/average-duration.ts'
import { BusUptime } from './reconcile/bus-uptime.ts'
import { Reconciler } from './reconcile/reconciler.ts'
import type { PlanSettings } from './reconcile/snapshot.ts'
import type { BuilderRecord } from './state/builder-record.ts'
import type { LeaseRecord } from './state/lease-record.ts'
import type { Records } from './state/record-folder.ts'

/*
 * The layers of this service. An arrow goes from a folder to one that it calls or reads; nothing goes the other way.
 *
 *   commands ──→ leases ──→ events ─────────────→ state
 *                  ↑  └────→ proxy, credentials    ↑  ↑
 *   node ──→ reconcile ──→ builders ───────────────┘  │
 *     │                      ├────→ readiness ────────┤
 *     │                      └────→ drivers ──────────┤
 *     └──→ announcement ─────────────┘ └→ network ─→ host
 *
 *   state         records of leases and builders, their phases and endings: data and its persistence, no behaviour
 *   reconcile     a snapshot of both, the pure plan, and the reconciler that carries it out
 *   builders      the pool, the only one that changes a builder: create, destroy, orphans
 *   leases        the store, the only one that changes a lease, and the steps of a lease
 *   drivers       one folder for each way to make a builder, and the table that lists them
 *
 * shared/layout/provisioner-layers.test.ts holds the arrows.
 */

/** A project's builder takes new leases for this long; then it is replaced. */
const projectBuilderMs = 12 * 3_600_000
const graceMs = 10_000

export interface NodeOptions {
  readonly nodeId: NodeId
  /** The driver's name in the table of drivers. */
  readonly driverName: string
  readonly settings: Omit<PlanSettings, 'warmPlatforms'>
  readonly queueMax: number
  readonly limits: BuilderLimits
  readonly allowedPlatforms?: readonly Platform[] | undefined
  /** Whether `checkReady` has a program of the platform that is emulated here. */
  readonly checksEmulated: boolean
}

/** Everything of a node that touches the world. */
interface NodeDeps {
  readonly bus: Pick<Bus, 'isUp' | 'store' | 'subscribe' | 'bucket' | 'consume'>
  readonly driver: Driver
  readonly createCa: CreateBuilderCa
  readonly proxy: TlsProxy
  readonly checkReady: CheckReady
  readonly leaseRecords: Records<LeaseRecord>
  readonly builderRecords: Records<BuilderRecord>
  readonly clock: Clock
  readonly log: Logger
}

export function wireNode(options: NodeOptions, deps: NodeDeps): BuilderNode {
  const { nodeId, driverName, settings, queueMax, allowedPlatforms: allowed, checksEmulated } = options
  const { bus, driver, createCa, proxy, clock, log } = deps
  const wake = () => reconciler.wake()
  const supported = new SupportedBuilders({ allowed, checksEmulated }, { driver, clock, log })
  const store = (subject: string, text: string, messageId: string) => bus.store(subject, text, messageId)
  const leases = new LeaseStore({ records: deps.leaseRecords, store, clock, log })
  const pool = createPool(options, deps, wake)
  const { isEmulated } = supported
  const onConnections = leases.noteSeen
  const reconciler = new Reconciler({
    leases,
    pool,
    steps: { nodeId, driverName, isEmulated, leases, pool, createCa, proxy, onConnections, clock, log },
    settings: () => ({ ...settings, warmPlatforms: supported.warmPlatforms(settings.warmEgress) }),
    average: new AverageDuration(),
    busUpSinceMs: new BusUptime(bus.isUp, clock).sinceMs,
    unavailable: () => supported.unavailable,
    clock,
    log,
  })
  const intake = new AbortController()
  const isStopping = () => reconciler.stopping
  const commands = createCommands({ nodeId, queueMax }, { leases, isStopping, wake, clock, log })
  const described = { nodeId, driverName, isolation: driver.isolation, capacity: settings.capacity }
  const describe = () => describeNode(described, { supported, pool, leases })
  return new BuilderNode({
    leases,
    pool,
    reconciler,
    supported,
    announcer: new Announcer({ bus, describe, clock, log }),
    driver,
    bus,
    startIntake: () => new CommandConsumers({ bus, nodeId, commands, clock, signal: intake.signal }),
    stopIntake: () => intake.abort(new Error('stopping')),
    clock,
    log,
  })
}

function createPool({ settings, limits }: NodeOptions, deps: NodeDeps, onChange: () => void): BuilderPool {
  const warmMs = settings.warmAgeMsMax + leaseMsMax + graceMs
  const lifetimes = { warmMs, projectMs: projectBuilderMs, graceMs }
  return new BuilderPool({ ...deps, records: deps.builderRecords, onChange }, { limits, lifetimes })
}
