import type { Platform } from '@forkproof/contracts/builder'
import type { LeaseId, NodeId } from '@forkproof/contracts/ids'
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

/** A project's builder takes new leases for this long; then it is replaced. */
const projectBuilderMs = 12 * 3_600_000
const graceMs = 10_000

/** What a node is made of: everything that touches the world. */
export interface NodeDeps {
  readonly nodeId: NodeId
  readonly bus: Pick<Bus, 'isUp' | 'store' | 'subscribe' | 'bucket' | 'consume'>
  readonly driver: Driver
  /** Its name in the table of drivers. */
  readonly driverName: string
  readonly createCa: CreateBuilderCa
  readonly door: TlsProxy
  readonly checkReady: CheckReady
  readonly leaseRecords: Records<LeaseRecord>
  readonly builderRecords: Records<BuilderRecord>
  readonly settings: Omit<PlanSettings, 'warmPlatforms'>
  readonly queueMax: number
  readonly limits: BuilderLimits
  readonly allowedPlatforms?: readonly Platform[] | undefined
  /** Whether `checkReady` has a program of the platform that is emulated here. */
  readonly checksEmulated: boolean
  readonly clock: Clock
  readonly log: Logger
}

export function wireNode(inputs: NodeDeps): BuilderNode {
  const { nodeId, bus, driver, checksEmulated, clock, log, settings } = inputs
  const wake = () => reconciler.wake()
  const abilities = new SupportedBuilders({ driver, allowed: inputs.allowedPlatforms, checksEmulated, clock, log })
  const { book, yard } = createState(inputs, wake)
  const reconciler = new Reconciler({
    book,
    yard,
    steps: {
      nodeId,
      driverName: inputs.driverName,
      emulated: abilities.isEmulated,
      book,
      createCa: inputs.createCa,
      door: inputs.door,
      onConnections: leaseId => noteSeen(book, leaseId, clock),
      clock,
      log,
    },
    settings: () => ({ ...settings, warmPlatforms: warmPlatforms(abilities, settings) }),
    average: new AverageDuration(),
    hearingSinceMs: new BusUptime(bus.isUp, clock).sinceMs,
    unavailable: () => abilities.unavailable,
    clock,
    log,
  })
  const deaf = new AbortController()
  const { queueMax } = inputs
  const isStopping = () => reconciler.stopping
  const commands = createCommands({ nodeId, book, queueMax, isStopping, wake, clock, log })
  const described = {
    nodeId,
    driver,
    driverName: inputs.driverName,
    abilities,
    capacity: settings.capacity,
    yard,
    book,
  }
  return new BuilderNode({
    book,
    yard,
    reconciler,
    abilities,
    announcer: new Announcer({ bus, describe: () => describeNode(described), clock, log }),
    driver,
    bus,
    consume: () => new CommandConsumers({ bus, nodeId, commands, clock, signal: deaf.signal }),
    deafen: () => deaf.abort(new Error('stopping')),
    clock,
    log,
  })
}

function createState({ nodeId, bus, driver, settings, clock, log, ...rest }: NodeDeps, wake: () => void) {
  const store = (subject: string, text: string, messageId: string) => bus.store(subject, text, messageId)
  const book = new LeaseStore({ records: rest.leaseRecords, store, clock, log })
  const { checkReady, createCa, builderRecords: records, limits } = rest
  const yard = new BuilderPool(
    { nodeId, driver, checkReady, createCa, records, limits, clock, log, onChange: wake },
    { warmMs: settings.warmAgeMsMax + leaseMsMax + graceMs, projectMs: projectBuilderMs, graceMs },
  )
  return { book, yard }
}

/** A client that is connected lives; the moment it leaves is the last that is known of it. */
function noteSeen(book: LeaseStore, leaseId: LeaseId, clock: Clock): void {
  const entry = book.get(leaseId)
  if (entry) entry.seenAtMs = clock.now()
}

const warmPlatforms = (abilities: SupportedBuilders, { warmEgress }: { warmEgress: PlanSettings['warmEgress'] }) =>
  abilities.can(warmEgress, 'ephemeral')
    ? abilities.platforms.filter(({ emulated }) => !emulated).map(one => one.platform)
    : []
